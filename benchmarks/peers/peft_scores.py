"""Log-probabilities that peft gives an adapter trained by selfjudge: fixtures/peft.json, with the adapter beside it.

usage: python peft_scores.py MODEL.gguf ADAPTER
The fixture's adapter: selfjudge dpo -m MODEL.gguf --dataset_name test/data/preferences.jsonl --dataset_split all
--dtype float32 --lora_r 2 --lora_alpha 8 --lora_target_modules v_proj --learning_rate 2e-3 --train_batch_size 4
--max_steps 6 --seed 1 --output_dir RUN; ADAPTER is RUN/final.
"""
import json
import pathlib
import shutil
import sys

import peft
import torch
import transformers

from common import FIXTURES, PROMPTS, TEXTS, load, logprobs, write


def main():
    base, tokenizer = load(sys.argv[1])
    source, target = pathlib.Path(sys.argv[2]), FIXTURES / "adapter"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "adapter_model.safetensors", target)
    config = json.loads((source / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = pathlib.Path(sys.argv[1]).name
    (target / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    ids += [tokenizer.apply_chat_template([dict(role="user", content=prompt)], return_dict=False) for prompt in PROMPTS]
    plain = [logprobs(base, row) for row in ids]
    model = peft.PeftModel.from_pretrained(base, target).eval()
    rows = [dict(ids=row, base=[round(x, 6) for x in before], logprobs=[round(x, 6) for x in logprobs(model, row)])
            for row, before in zip(ids, plain)]
    write("peft.json", dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__),
                            rows=rows))


main()
