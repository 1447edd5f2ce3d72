"""Write the figures that tests/test_evaluation.py holds ours against: SDMetrics' and mostlyai-qa's on two small tables.

usage: python benchmarks/golden.py tests/golden      (needs sdmetrics and mostlyai-qa, in an environment of their own)

Writes real.csv and synthetic.csv (made up, seeded) if they are not there, and figures.json.
"""

from __future__ import annotations

import itertools
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 400
NUMBERS, SYMBOLS = ["age", "income", "debt"], ["ward", "smoker", "outcome"]


def made_up(seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, ROWS)
    income = np.round(np.exp(rng.normal(7 + 0.01 * age, 0.4 + shift)), 2)
    debt = np.where(rng.random(ROWS) < 0.2, np.nan, np.round(income * rng.random(ROWS) * (1 + shift), 2))
    ward = rng.choice(["north", "south", "east", "west"], ROWS, p=[0.4 - shift, 0.3, 0.2 + shift, 0.1])
    smoker = np.where(rng.random(ROWS) < 0.2 + 0.2 * (ward == "east"), "yes", "no")
    outcome = np.where(rng.random(ROWS) < 0.1 + 0.008 * (age - 18) * (smoker == "yes"), "ill", "well")
    return pd.DataFrame(
        {"age": age, "income": income, "debt": debt, "ward": ward, "smoker": smoker, "outcome": outcome}
    )


def main(folder: Path) -> None:
    from mostlyai.qa import _accuracy as qa
    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
    from sdmetrics.single_column import KSComplement, TVComplement

    paths = {"real": folder / "real.csv", "synthetic": folder / "synthetic.csv"}
    for number, path in enumerate(paths.values()):
        if not path.exists():
            made_up(number, 0.1 * number).to_csv(path, index=False)
    real, synthetic = (pd.read_csv(path) for path in paths.values())
    columns = {name: KSComplement.compute(real[name], synthetic[name]) for name in NUMBERS}
    columns |= {name: TVComplement.compute(real[name], synthetic[name]) for name in SYMBOLS}
    pairs = {}
    for kind, names in ((CorrelationSimilarity, NUMBERS), (ContingencySimilarity, SYMBOLS)):
        for pair in itertools.combinations(names, 2):
            pairs[" ".join(pair)] = kind.compute(real[list(pair)], synthetic[list(pair)])
    binned, bins = qa.bin_data(real[SYMBOLS].astype("string").add_prefix("tgt::"), 10)
    other, _ = qa.bin_data(synthetic[SYMBOLS].astype("string").add_prefix("tgt::"), bins)
    alone, both = qa.calculate_univariates(binned, other), qa.calculate_bivariates(binned, other)
    plain = {
        "versions": {name: version(name) for name in ("sdmetrics", "mostlyai-qa")},
        "sdmetrics": {"columns": columns, "pairs": pairs},
        "mostlyai-qa": {
            "columns": dict(zip(alone["column"].str.removeprefix("tgt::"), alone["accuracy"], strict=True)),
            "pairs": {
                " ".join(sorted(name.removeprefix("tgt::") for name in (first, second))): accuracy
                for first, second, accuracy in both[["col1", "col2", "accuracy"]].itertuples(index=False)
            },
        },
    }
    (folder / "figures.json").write_text(json.dumps(plain, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
