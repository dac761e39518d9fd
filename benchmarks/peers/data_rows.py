"""Reading and preparing of rows by datasets, served line by line: Parquet of HH transcripts, each row looked at and put into
its split; to prepare them, without rows that share words with a named set or say what another says, and written.

On two processes, as there are two cores; the cache of every turn is its own.
"""
import hashlib
import json
import re
import resource
import sys
import tempfile
import time
import unicodedata
from collections import Counter

import datasets

datasets.disable_progress_bars()
TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):")
WORD = re.compile(r"[^\W_]+")
GRAM = 13
ROLES = {"Human": "user", "Assistant": "assistant"}
ENDS = (("train", 0.6), ("self", 0.8), ("dev", 0.85), ("test", 1.0))


def turns_of(text):
    """Turns of one speaker in a row are one, but for an answer at the end."""
    _, *parts = TURN.split(text.lstrip())
    turns = []
    for i in range(0, len(parts), 2):
        role, content = parts[i], parts[i + 1].strip()
        is_answer = role == "Assistant" and i + 2 == len(parts)
        if turns and turns[-1][0] == role and not is_answer:
            turns[-1] = (role, "\n\n".join(part for part in (turns[-1][1], content) if part))
        else:
            turns.append((role, content))
    return turns


def normalised(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def looked_at(chosen, rejected):
    """Turns of the prompt, both answers, and the split of a row or why it is of no use."""
    (*prompt, (_, answer)), (*other, (_, worse)) = turns_of(chosen), turns_of(rejected)
    if prompt != other:
        found = "differing-prompts"
    elif not answer or not worse:
        found = "empty-answer"
    elif answer == worse:
        found = "equal-answers"
    else:
        question = normalised(next(content for role, content in prompt if role == "Human"))
        place = int(hashlib.sha256(question.encode()).hexdigest()[:13], 16) / 2**52
        found = next(name for name, end in ENDS if place < end)
    return prompt, answer, worse, found


def of_batch(batch):
    return {"what": [looked_at(*row)[3] for row in zip(batch["chosen"], batch["rejected"])]}


def grams_of(text):
    words = WORD.findall(normalised(text))
    return (" ".join(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))


def shared_of(prompt, answers):
    """What a row may not share: runs of words of its texts; of a prompt that has fewer, all of them."""
    texts = [content for _, content in prompt]
    words = [word for text in texts for word in WORD.findall(normalised(text))]
    if 0 < len(words) < GRAM:
        yield " ".join(words)
    for text in texts + answers:
        yield from grams_of(text)


def named_grams(file):
    grams = set()
    for row in datasets.Dataset.from_json(file, keep_in_memory=True):
        prompt, *answers, _ = looked_at(row["chosen"], row["rejected"])
        grams.update(shared_of(prompt, answers))
    return grams


def prepared(batch, grams):
    """Rows in TRL's columns, and two digests: of what they are about, and of what they say of it."""
    rows = {name: [] for name in ("prompt", "chosen", "rejected", "what", "about", "says")}
    for row in zip(batch["chosen"], batch["rejected"]):
        prompt, answer, worse, found = looked_at(*row)
        if found in dict(ENDS) and any(gram in grams for gram in shared_of(prompt, [answer, worse])):
            found = "contaminated"
        texts = [normalised(answer), normalised(worse)]
        about = json.dumps([[(role, normalised(content)) for role, content in prompt], sorted(texts)])
        rows["prompt"].append([{"role": ROLES[role], "content": content} for role, content in prompt])
        rows["chosen"].append(answer)
        rows["rejected"].append(worse)
        rows["what"].append(found)
        rows["about"].append(hashlib.sha256(about.encode()).digest()[:16])
        rows["says"].append(texts[0] <= texts[1])
    return rows


def read(file, cache, against):
    rows = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
    rows = rows.map(of_batch, batched=True, num_proc=2, remove_columns=rows.column_names)
    return Counter(name for part in rows.iter(100_000) for name in part["what"])


def prepare(file, cache, against):
    rows = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
    grams = {"grams": named_grams(against)}
    rows = rows.map(prepared, batched=True, num_proc=2, remove_columns=rows.column_names, fn_kwargs=grams)
    what, said = [], {}
    for part in rows.select_columns(["what", "about", "says"]).iter(100_000):
        for found, about, says in zip(part["what"], part["about"], part["says"]):
            if found in dict(ENDS):
                at, other = said.setdefault(about, (len(what), says))
                if at != len(what):
                    found = "duplicate" if other == says else "conflict"
                    if other != says:
                        what[at] = "conflict"
            what.append(found)
    for name, _ in ENDS:
        kept = rows.select([i for i, found in enumerate(what) if found == name])
        kept.select_columns(["prompt", "chosen", "rejected"]).to_json(f"{cache}/{name}.jsonl", num_proc=2)
    return Counter(what)


def cpu_seconds():
    """Of this process and of workers that have ended."""
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def answer(part, file, folder, against):
    start, used = time.perf_counter(), cpu_seconds()
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        counts = {"read": read, "prepare": prepare}[part](file, cache, against)
    seconds = time.perf_counter() - start
    own, workers = (resource.getrusage(of).ru_maxrss for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = cpu_seconds() - used
    return {"seconds": seconds, "counts": counts, "cpu": cpu, "peak": (own + 2 * workers) * 1024}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), flush=True)
