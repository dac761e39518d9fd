"""Reading of rows by datasets, served line by line: Parquet of HH transcripts, each row looked at and put into its split.

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

import datasets

datasets.disable_progress_bars()
TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):")
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


def what(chosen, rejected):
    """The split of a row, or why it is of no use."""
    (*prompt, (_, answer)), (*other, (_, worse)) = turns_of(chosen), turns_of(rejected)
    if prompt != other:
        return "differing-prompts"
    if not answer or not worse:
        return "empty-answer"
    if answer == worse:
        return "equal-answers"
    question = next(content for role, content in prompt if role == "Human")
    question = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", question).lower()).strip()
    place = int(hashlib.sha256(question.encode()).hexdigest()[:13], 16) / 2**52
    return next(name for name, end in ENDS if place < end)


def of_batch(batch):
    return {"what": [what(*row) for row in zip(batch["chosen"], batch["rejected"])]}


def read(file, folder):
    start = time.perf_counter()
    counts = {}
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        rows = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
        rows = rows.map(of_batch, batched=True, num_proc=2, remove_columns=rows.column_names)
        for name in rows["what"]:
            counts[name] = counts.get(name, 0) + 1
    seconds = time.perf_counter() - start
    own, workers = (resource.getrusage(of).ru_maxrss for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "counts": counts, "peak": (own + 2 * workers) * 1024}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(read(**json.loads(line))), flush=True)
