"""Log-probabilities, greedy tokens and token ids of transformers on the real model: fixtures/parity.json.

usage: python parity.py MODEL.gguf [HH.jsonl.gz]
"""
import sys

import torch
import transformers

from common import PROMPTS, TEXTS, digest, hh, load, logprobs, messages, write


@torch.no_grad()
def greedy(model, ids, count):
    """The likeliest token again and again, on past any end token."""
    out, feed, cache = [], ids, None
    for _ in range(count):
        step = model(torch.tensor([feed]), past_key_values=cache, use_cache=True)
        out.append(step.logits[0, -1].argmax().item())
        feed, cache = out[-1:], step.past_key_values
    return out


def main():
    model, tokenizer = load(sys.argv[1])
    rows = hh(sys.argv[2], 250) if len(sys.argv) > 2 else []
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    texts = [dict(text=text) for text in TEXTS] + [dict(row=i, side="chosen") for i in range(0, min(20, len(rows)), 2)]
    for item in texts:
        ids = encode(item["text"] if "text" in item else rows[item["row"]][item["side"]])[:400]
        item |= dict(digest=digest(ids), tokens=len(ids), logprobs=[round(x, 6) for x in logprobs(model, ids)])
    chats = []
    for prompt in PROMPTS:
        ids = tokenizer.apply_chat_template([dict(role="user", content=prompt)], add_generation_prompt=True, return_dict=False)
        chats.append(dict(prompt=prompt, digest=digest(ids), tokens=len(ids), greedy=greedy(model, ids, 64)))
    tokenised = []
    for i, row in enumerate(rows):
        for side in ("chosen", "rejected"):
            chat = messages(row[side])
            rendered = tokenizer.apply_chat_template(chat, tokenize=False)
            tokenised.append(dict(row=i, side=side, plain=digest(encode(row[side])),
                                  chat=digest(tokenizer.apply_chat_template(chat, return_dict=False)),
                                  rendered=digest(rendered.encode())))
    write("parity.json", dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__), dtype="float32",
                              texts=texts, chats=chats, tokenised=tokenised))


main()
