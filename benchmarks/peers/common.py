"""What the peer scripts share: the real model as an ordinary float32 transformers model, and real texts by row."""
import gzip
import hashlib
import json
import pathlib

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"

# Texts of our own, so that the fixtures mean something where the public data sets are absent.
TEXTS = [
    "The kettle clicked off just as the rain began, and nobody at the table looked up.",
    "A prefix tree stores every shared beginning once. That is why two answers to one question cost less than twice.",
    "def area(radius):\n    return 3.14159 * radius ** 2\n\nprint(area(2))",
    "In 1969 three people flew to the Moon; two of them walked on it for about two and a half hours.",
    "Zürich, Kraków, 東京 and São Paulo — four cities, 1,234 km apart?  Not quite: it's more like 9.7e3!",
]
PROMPTS = [
    "Name three animals that can fly.",
    "Why is the sky blue? Answer in two sentences.",
    "Write a short poem about a lighthouse.",
]


def load(gguf, dtype=torch.float32):
    """Model and tokenizer of a model folder, or of a GGUF file with its weights dequantised.

    transformers reads every byte-level GGUF tokenizer as GPT-2's and drops the single digits that tokenizer.ggml.pre
    'smollm' stands for, so they are put back: with them the ids are those of the model's own tokenizer.json.
    """
    gguf = pathlib.Path(gguf)
    if gguf.is_dir():
        return AutoModelForCausalLM.from_pretrained(gguf, dtype=dtype).eval(), AutoTokenizer.from_pretrained(gguf)
    kwargs = dict(gguf_file=gguf.name)
    try:
        from transformers import GgufConfig
        kwargs["quantization_config"] = GgufConfig(dequantize=True)
    except ImportError:
        pass
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=dtype, **kwargs).eval()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return model, tokenizer


@torch.no_grad()
def logprobs(model, ids):
    """Of every token but the first."""
    logits = model(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
    return logits.gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()


def hh(path, count):
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(count))]


def messages(transcript):
    """An HH transcript as chat messages."""
    out, rest = [], transcript
    while rest:
        if rest.startswith("\n\nHuman: "):
            role, rest = "user", rest[len("\n\nHuman: "):]
        elif rest.startswith("\n\nAssistant: "):
            role, rest = "assistant", rest[len("\n\nAssistant: "):]
        else:
            raise ValueError(rest[:40])
        ends = [i for i in (rest.find("\n\nHuman: "), rest.find("\n\nAssistant: ")) if i >= 0]
        end = min(ends, default=len(rest))
        out.append(dict(role=role, content=rest[:end]))
        rest = rest[end:]
    return out


def digest(ids):
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:16]


def write(name, data):
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / name).write_text(json.dumps(data, indent=1) + "\n")
