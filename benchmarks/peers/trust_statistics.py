"""Statistics of judges by the libraries that people trust, on drawn verdicts: fixtures/trust_statistics.json. Kappa and McNemar
of statsmodels, reliability and Brier score of scikit-learn, RewardBench's rules by the functions of its own package.

usage: python trust_statistics.py REWARDBENCH_FOLDER (the unpacked wheel rewardbench==0.1.4; its imports need torch, its rules do not)
needs: numpy scipy statsmodels scikit-learn
"""
import ast
import collections
import json
import math
import pathlib
import sys
from types import SimpleNamespace

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

OUT = pathlib.Path(__file__).parent / "fixtures" / "trust_statistics.json"
PACKAGE = pathlib.Path(sys.argv[1]) / "rewardbench"
random = np.random.default_rng(7)
WORDS = ["a", "b", "tie"]


def functions(file, names):
    """Functions of a file, without what it imports."""
    tree = ast.parse((PACKAGE / file).read_text())
    tree.body = [node for node in tree.body if getattr(node, "name", None) in names]
    # A data set of results is made of what is said at the end; nothing of it is looked at here.
    data_set = SimpleNamespace(from_dict=lambda columns: columns)
    scope = {"np": np, "math": math, "defaultdict": collections.defaultdict, "Dataset": data_set}
    exec(compile(tree, file, "exec"), scope)
    return scope


def constants():
    scope = {}
    exec((PACKAGE / "constants.py").read_text(), scope)
    return scope


def kappas():
    cases = []
    for n, agree in [(30, 0.9), (200, 0.6), (200, 0.0), (57, 0.4)]:
        one = random.choice(3, n, p=[0.5, 0.3, 0.2])
        other = np.where(random.random(n) < agree, one, random.choice(3, n, p=[0.4, 0.4, 0.2]))
        table = np.zeros((3, 3))
        np.add.at(table, (one, other), 1)
        result = cohens_kappa(table)
        assert abs(result.kappa - cohen_kappa_score(one, other)) < 1e-12
        cases.append({
            "said": [[WORDS[x], WORDS[y]] for x, y in zip(one, other)],
            "kappa": result.kappa, "low": result.kappa_low, "high": result.kappa_upp,
        })
    return cases


def mcnemars():
    tables = [(10, 5, 15, 3), (40, 0, 0, 2), (0, 1, 9, 0), (900, 55, 45, 400), (5000, 900, 1003, 0)]
    return [
        {"both": a, "first": b, "second": c, "neither": d,
         "p": float(mcnemar([[a, b], [c, d]], exact=True).pvalue)}
        for a, b, c, d in tables
    ]


def reliability():
    p = random.beta(0.8, 0.8, 400)
    y = (random.random(400) < 0.5 + 0.6 * (p - 0.5)).astype(int)
    confidence = np.maximum(p, 1 - p)
    right = ((p > 0.5) == (y == 1)).astype(int)
    # Five bins from 0.5 to 1, as ten from 0 to 1 of which the lower half is empty.
    share, mean = calibration_curve(right, confidence, n_bins=10)
    counts = np.histogram(confidence, bins=np.linspace(0, 1, 11))[0]
    counts = counts[counts > 0]
    return {
        "probability": p.tolist(), "label": y.tolist(), "brier": brier_score_loss(y, p),
        "accuracy": share.tolist(), "confidence": mean.tolist(), "counts": counts.tolist(),
        "error": float(np.sum(counts * np.abs(share - mean)) / counts.sum()),
    }


def wilsons():
    return [
        {"successes": k, "n": n, "interval": list(proportion_confint(k, n, method="wilson"))}
        for k, n in [(3, 7), (480, 999), (1, 250), (12, 12)]
    ]


def reward_bench():
    known = constants()
    section_scores = functions("utils.py", ["calculate_scores_per_section"])["calculate_scores_per_section"]
    counts = {name: (447 if name == "math-prm" else count) // 9 + 2 for name, count in known["EXAMPLE_COUNTS"].items()}
    right = {name: int(random.integers(0, count + 1)) for name, count in counts.items()}
    metrics = {name: right[name] / counts[name] for name in counts}
    sections = section_scores(known["EXAMPLE_COUNTS"], known["SUBSET_MAPPING"], metrics)
    return {"counts": counts, "right": right, "sections": sections, "score": float(np.mean(list(sections.values())))}


def reward_bench_2():
    process = functions("utils.py", ["sample_stats", "process_single_model"])["process_single_model"]

    ties = []
    for number in range(12):
        scores = lambda right, wrong: np.round(
            np.concatenate([random.normal(1.2, 0.4, right), random.normal(0, 0.4, wrong)]), 2).tolist()
        ties.append({"id": f"ref:{number}", "num_correct": 1, "scores": scores(1, 5)})
        ties.append({"id": f"tied:{number}", "num_correct": 4, "scores": scores(4, 6)})
    # All right answers alike, and a right one that is equal to a wrong one.
    ties[1]["scores"][:4] = [1, 1, 1, 1]
    ties[2]["scores"][0] = max(ties[2]["scores"][1:])
    _, score = process(ties)
    best = []
    for _ in range(40):
        values = random.integers(0, 4, 4)
        top = values.max()
        best.append({"scores": values.tolist(), "result": float(1 / np.sum(values == top)) if values[0] == top else 0})
    return {"ties": ties, "ties_score": float(score), "best": best}


OUT.write_text(json.dumps({
    "wilson": wilsons(), "kappa": kappas(), "mcnemar": mcnemars(), "reliability": reliability(),
    "reward_bench": reward_bench(), "reward_bench_2": reward_bench_2(),
}) + "\n")
