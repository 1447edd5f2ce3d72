"""How much of a weak dependence is kept, in tables of few rows.

usage: python benchmarks/weak.py [--rows 1500 3000 10000] [--seeds 1]

Invents stays whose cost depends a little on their length, beside six columns of numbers that nothing depends on; trains
the default model, samples 4,000 rows, and prints Spearman's correlations as a table: of length and cost in the real and
in the sampled rows, and of length and a column that it has nothing to do with.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthdata import Schema, Synthesizer

SAMPLED, UNRELATED = 4000, 6


def stays(rows: int, seed: int) -> pd.DataFrame:
    """Days in hospital, their cost, and numbers that have nothing to do with either."""
    rng = np.random.default_rng(seed)
    days = np.floor(rng.lognormal(1.5, 0.8, rows)).astype(int)
    others = {f"other_{i}": np.round(rng.lognormal(6, 1, rows), 2) for i in range(UNRELATED)}
    return pd.DataFrame(
        {"days": days, **others, "cost": np.round(np.exp(rng.normal(6.5 + 0.35 * np.log1p(days), 0.6)), 2)}
    )


def correlation(frame: pd.DataFrame, other: str) -> float:
    """Spearman's, of days and another column."""
    return float(frame["days"].corr(frame[other], method="spearman"))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1500, 3000, 10000])
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    print("| rows | seed | days and cost, real | sampled | days and another column, sampled |\n|---|---|---|---|---|")
    for rows in options.rows:
        for seed in range(options.seeds):
            frame = stays(rows, seed)
            sampled = Synthesizer.fit(frame, Schema.infer(frame), seed=seed).sample(SAMPLED, seed=seed)
            figures = (correlation(frame, "cost"), correlation(sampled, "cost"), correlation(sampled, "other_0"))
            print(f"| {rows:,} | {seed} | {' | '.join(f'{each:.2f}' for each in figures)} |", flush=True)


if __name__ == "__main__":
    main()
