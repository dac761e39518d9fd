"""Names and defaults of the keys of other tools' recipes, written to test/fixtures/recipes/keys.json.

The sources are read, not imported: folders of the unpacked wheels of transformers, trl, llamafactory and axolotl.
usage: python benchmarks/peers/recipe_keys.py FOLDER... (each holds one of the packages)
"""
import ast
import json
import os
import sys

FILES = {
    "transformers": ["transformers/training_args.py"],
    "trl": [
        "trl/trainer/base_config.py", "trl/trainer/sft_config.py", "trl/trainer/dpo_config.py",
        "trl/trainer/model_config.py", "trl/scripts/utils.py",
    ],
    "llamafactory": [f"llamafactory/hparams/{name}_args.py" for name in ("data", "finetuning", "model", "training")],
    "axolotl": [
        f"axolotl/utils/schemas/{name}.py" for name in ("config", "model", "training", "peft", "deprecated")
    ],
}
# What no recipe of SFT or DPO says: of services, of other kinds of models, of parts of a mapping.
LEFT_OUT = {
    "DatasetConfig", "SwanLabArguments", "ProcessorArguments", "ExportArguments", "VllmArguments", "SGLangArguments",
    "KTransformersArguments", "RayArguments", "ProfilerArguments", "OFTArguments", "JaggedLRConfig", "LrGroup",
    "SelectiveCheckpointingConfig", "LoftQConfig", "PeftConfig", "AxolotlConfigWCapabilities", "EBFTConfig",
    "SpecialTokensConfig", "DatasetMixtureConfig", "GeneratingArguments",
}


def default(value):
    if isinstance(value, ast.Call):
        named = {k.arg: k.value for k in value.keywords}
        value = named.get("default")
    try:
        return ast.literal_eval(value) if value is not None else None
    except ValueError:
        return None


def keys(path):
    for node in ast.walk(ast.parse(open(path).read())):
        if not isinstance(node, ast.ClassDef) or node.name in LEFT_OUT:
            continue
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and "ClassVar" not in ast.unparse(line.annotation):
                if not line.target.id.startswith("_"):
                    yield line.target.id, default(line.value)


found = {}
for tool, files in FILES.items():
    root = next((r for r in sys.argv[1:] if os.path.exists(os.path.join(r, files[0]))), None)
    if root is None:
        sys.exit(f"no {files[0]} in {sys.argv[1:]}")
    of = {}
    for file in files:
        of.update(keys(os.path.join(root, file)))
    found[tool] = dict(sorted(of.items()))
out = os.path.join(os.path.dirname(__file__), "../../test/fixtures/recipes/keys.json")
os.makedirs(os.path.dirname(out), exist_ok=True)
with open(out, "w") as f:
    json.dump(found, f, indent=1)
    f.write("\n")
print({tool: len(of) for tool, of in found.items()})
