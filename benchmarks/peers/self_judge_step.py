"""One SELF-JUDGE step in transformers + PEFT, served line by line so that a harness can interleave it with ours.

usage: python self_judge_step.py MODEL [cpu|cuda] < work.json lines   (MODEL: a GGUF file or a model folder)
Reads one JSON object a line: {"prompts": [[ids]], "judge": {"head": [ids], "a": [ids], "b": [ids], "tail": [ids]},
"new_tokens": 128, "dtype": "bf16"}; answers {"seconds", "phases", "peak_mb"} a line. Each part in the peer's fastest
setting: sdpa, key-value cache, logits only where they are needed, micro-batches of 8 rows.
"""
import gc
import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model

from common import load

PAD = 2
DEVICE = sys.argv[2].split(":")[0] if len(sys.argv) > 2 else "cpu"


def now():
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def padded(rows, left):
    width = max(map(len, rows))
    fill = lambda r, value: [value] * (width - len(r)) + r if left else r + [value] * (width - len(r))
    return (torch.tensor([fill(r, PAD) for r in rows], device=DEVICE),
            torch.tensor([fill([1] * len(r), 0) for r in rows], device=DEVICE))


def positions(mask):
    return (mask.cumsum(-1) - 1).clamp(min=0)


def completion_logps(model, prompts, answers):
    """Summed log-probabilities of equally long answers: left-padded, so that one slice of logits serves all rows."""
    ids, mask = padded([p + a for p, a in zip(prompts, answers)], left=True)
    n = len(answers[0])
    logits = model(input_ids=ids, attention_mask=mask, position_ids=positions(mask), logits_to_keep=n + 1, use_cache=False).logits
    return -F.cross_entropy(logits[:, :-1].float().transpose(1, 2), ids[:, -n:], reduction="none").sum(-1)


def step(model, optimizer, work):
    phases, prompts, n = {}, work["prompts"], work["new_tokens"]
    model.eval()

    start = now()
    ids, mask = padded(prompts, left=True)
    with torch.inference_mode():
        out = model.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_p=0.9, top_k=0,
                             num_return_sequences=2, max_new_tokens=n, min_new_tokens=n, pad_token_id=PAD)
    answers = out[:, ids.shape[1]:].tolist()
    phases["sample"] = now() - start

    start = now()
    head, a, b, tail = (work["judge"][k] for k in ("head", "a", "b", "tail"))
    rows = []
    for i, prompt in enumerate(prompts):
        x, y = answers[2 * i], answers[2 * i + 1]
        rows += [head + prompt + a + x + b + y + tail, head + prompt + a + y + b + x + tail]
    verdicts = []
    with torch.no_grad(), model.disable_adapter():
        for i in range(0, len(rows), 8):
            ids, mask = padded(rows[i:i + 8], left=True)
            logits = model(input_ids=ids, attention_mask=mask, position_ids=positions(mask), logits_to_keep=1, use_cache=False).logits
            verdicts.append(logits[:, -1].float().softmax(-1)[:, work["judge"]["verdicts"]])
    p = torch.cat(verdicts).view(-1, 2, 2)
    first_wins = (p[:, 0, 0] + p[:, 1, 1] > p[:, 0, 1] + p[:, 1, 0]).tolist()
    phases["judge"] = now() - start

    start = now()
    chosen = [answers[2 * i + (0 if w else 1)] for i, w in enumerate(first_wins)]
    rejected = [answers[2 * i + (1 if w else 0)] for i, w in enumerate(first_wins)]
    with torch.no_grad(), model.disable_adapter():
        reference = torch.cat([completion_logps(model, prompts, side) for side in (chosen, rejected)])
    phases["reference"] = now() - start

    start = now()
    model.train()
    for i in range(0, len(prompts), 4):
        part = slice(i, i + 4)
        logps = completion_logps(model, prompts[part] * 2, chosen[part] + rejected[part])
        c, r = logps.chunk(2)
        delta = (c - reference[: len(prompts)][part]) - (r - reference[len(prompts):][part])
        (-F.logsigmoid(0.1 * delta).sum() / len(prompts)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    phases["update"] = now() - start
    return phases


def peak_mb():
    if DEVICE == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = None
    for line in sys.stdin:
        work = json.loads(line)
        if model is None:
            base = load(sys.argv[1], dtype=dict(bf16=torch.bfloat16, float32=torch.float32)[work["dtype"]])[0].to(DEVICE)
            model = get_peft_model(base, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
            optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-6)
        gc.collect()
        if DEVICE == "cuda":
            torch.cuda.reset_peak_memory_stats()
        else:
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")  # the peak of loading, or of the step before, is not the peak of this one
        start = now()
        phases = step(model, optimizer, work)
        print(json.dumps(dict(seconds=now() - start, phases=phases, peak_mb=peak_mb(), torch=torch.__version__)), flush=True)


main()
