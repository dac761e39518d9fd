import { basename, dirname } from 'node:path';

/** Whether a base is a GGUF file, which PEFT's AutoPeftModel does not open by its path. */
export function isGguf(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/** What lies beside an adapter whose base is a GGUF file: how PEFT opens it. */
export function ggufReadme(path: string): string {
  return `# LoRA adapter

In PEFT's format, trained on the GGUF file \`${path}\`. \`AutoPeftModelForCausalLM\` opens no adapter whose base is a GGUF
file; transformers (with the package \`gguf\`) opens the base and PEFT puts the adapter on it:

\`\`\`python
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained(${JSON.stringify(dirname(path))}, gguf_file=${JSON.stringify(basename(path))})
model = PeftModel.from_pretrained(base, "THIS FOLDER")
\`\`\`

A folder that needs neither file: \`await (await loadModel("THIS FOLDER")).save("MERGED", { merge: true })\` with selfjudge.
`;
}
