"""What huggingface_hub, transformers and PEFT make of a cache that selfjudge filled, and the other way round.

Reads JSON: {"do": "snapshot" | "scan" | "logprobs", "id", "revision", "patterns", "tokens", "adapter"}; endpoint and cache are those
of the environment (HF_ENDPOINT, HF_HUB_CACHE, HF_HUB_OFFLINE). Writes JSON.
"""

import json
import sys


def snapshot(work):
    from huggingface_hub import snapshot_download

    return snapshot_download(work["id"], revision=work.get("revision"), allow_patterns=work.get("patterns"))


def scan(work):
    from huggingface_hub import scan_cache_dir

    found = scan_cache_dir()
    return {
        "warnings": [str(one) for one in found.warnings],
        "repos": [
            {
                "id": repo.repo_id,
                "type": repo.repo_type,
                "refs": {name: revision.commit_hash for name, revision in repo.refs.items()},
                "files": sorted(file.file_name for revision in repo.revisions for file in revision.files),
            }
            for repo in sorted(found.repos, key=lambda repo: repo.repo_id)
        ],
    }


def logprobs(work):
    import torch

    if "adapter" in work:
        from peft import AutoPeftModelForCausalLM as Model

        model = Model.from_pretrained(work["adapter"], dtype=torch.float32)
    else:
        from transformers import AutoModelForCausalLM as Model

        model = Model.from_pretrained(work["id"], revision=work.get("revision") or "main", dtype=torch.float32)
    tokens = torch.tensor([work["tokens"]])
    with torch.no_grad():
        logits = model(tokens).logits[0].log_softmax(-1)
    return [logits[i, token].item() for i, token in enumerate(work["tokens"][1:])]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps({"snapshot": snapshot, "scan": scan, "logprobs": logprobs}[given["do"]](given)))
