"""AlpacaEval's win rates, plain and length-controlled, by the published package on made annotations:
fixtures/alpaca_eval_rates.json. Nothing is downloaded: the two tables that the package would fetch are made here too, and are
in the fixture.

usage: python alpaca_eval_rates.py      needs: alpaca_eval==0.6.6
"""
import json
import logging
import pathlib
import tempfile
import warnings

import numpy as np
import pandas as pd
from alpaca_eval.metrics import glm_winrate, winrate

OUT = pathlib.Path(__file__).parent / "fixtures" / "alpaca_eval_rates.json"
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def made(seed, n, advantage, slope, drift, digits):
    """A model with an advantage on a baseline, a judge that goes by length, and instructions of unequal difficulty."""
    random = np.random.default_rng(seed)
    difficulty = np.round(random.normal(0, 1, n), 4)
    base = random.integers(80, 1500, n)
    model = np.maximum(1, (base * np.exp(random.normal(drift, 0.5, n))).astype(int))
    logit = advantage + 0.7 * difficulty + slope * np.tanh((model - base) / np.std(model - base))
    preference = np.round(1 + 1 / (1 + np.exp(-(logit + random.normal(0, 0.5, n)))), digits)
    gamed = []
    for which, gain in [("concise", -2.0), ("verbose", 1.0)]:
        delta = np.round(random.normal(-0.8 * gain, 0.5, n), 4)
        share = np.round(1 / (1 + np.exp(-(0.3 * gain + 0.2 * difficulty + random.normal(0, 0.3, n)))), 4)
        gamed.append({"model": which, "preference": share.tolist(), "std_delta_len": delta.tolist()})
    return {
        "difficulty": difficulty.tolist(), "lengths": np.stack([base, model], 1).tolist(),
        "preference": preference.tolist(), "gamed": gamed,
    }


def rates(case):
    n = len(case["preference"])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "df_gamed.csv"
        pd.concat(
            pd.DataFrame({**of, "index": range(n), "instruction_difficulty": case["difficulty"], "not_gamed_baseline": False})
            for of in case["gamed"]
        ).to_csv(path, index=False)
        glm_winrate.hf_hub_download = lambda **_: path
        annotations = pd.DataFrame({
            "annotator": "made", "generator_1": "baseline", "generator_2": "model",
            "output_1": ["x" * base for base, _ in case["lengths"]],
            "output_2": ["x" * model for _, model in case["lengths"]],
            "preference": case["preference"],
        }, index=pd.RangeIndex(n, name="index"))
        result = glm_winrate.get_length_controlled_winrate(annotations, save_weights_dir=None)
    return {key: float(value) for key, value in result.items()}


cases = [made(1, 160, 0.4, 1.5, 0.4, 4), made(2, 120, -0.6, 0.8, -0.3, 4), made(3, 80, 0.0, 2.5, 0.6, 0)]
plain = {key: float(value) for key, value in winrate.get_winrate(
    [{"preference": p} for p in [1, 2, 1.5, 0, 1.2, 1.9, 2, float("nan")]]).items()}
OUT.write_text(json.dumps({
    "plain": plain, "cases": [{**case, "rates": rates(case)} for case in cases],
}) + "\n")
for case in json.loads(OUT.read_text())["cases"]:
    print(case["rates"])
