"""How well missing cells are filled: hide some of those that are there, fill them, compare with what was hidden.

usage: python benchmarks/impute.py DATA_DIR [DATA_DIR ...] [--rows 10000] [--max-minutes 8] [--hide 0.2] [--seed 0]
                                   [--epochs 3] [--width 16]

DATA_DIR holds train.csv[.gz], holdout.csv[.gz] and target. Of the training rows' cells that are there, `--hide` are
hidden at random, none of the target. Prints a Markdown table:

distance   total variation distance between the filled cells and those that were hidden, mean over columns; numbers of
           more than 20 values in 20 bins of equal mass of what was hidden
right      share of the hidden cells of categories and of few numbers that got back what was hidden, mean over columns
AUC        of scikit-learn's boosted trees, trained on the filled rows, on the holdout; of several classes one against
           the rest, mean

beside SimpleImputer (medians of numbers, most frequent categories) and IterativeImputer on ordinal codes, rounded:
its estimates, and draws from its posterior. Of tables wider than 30 columns IterativeImputer sees the 10 nearest
columns and goes round 3 times, of others it has its defaults.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.metrics import roc_auc_score

from synthdata import Schema, Synthesizer, read_table

BINS = 20
WIDE = 30  # columns above which IterativeImputer is kept from looking at all of them
MOST_CODES = 254  # categories that boosted trees tell apart


def table_of(data: Path, part: str) -> pd.DataFrame:
    return read_table(next(path for path in (data / f"{part}.csv", data / f"{part}.csv.gz") if path.exists()))


class Coding:
    """A frame as numbers: numbers as they are, categories by how frequent they are, missing ones NaN."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.levels = {
            name: frame[name].value_counts().index[:MOST_CODES]
            for name in frame
            if not pd.api.types.is_numeric_dtype(frame[name]) or frame[name].dtype.kind == "b"
        }

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """(rows, columns) float64."""
        columns = []
        for name, column in frame.items():
            if name in self.levels:
                codes = self.levels[name].get_indexer(column).astype(float)
                rare = (codes < 0) & column.notna().to_numpy()
                codes[rare], codes[(codes < 0) & ~rare] = len(self.levels[name]), np.nan
            else:
                codes = column.to_numpy("float64", na_value=np.nan)
            columns.append(codes)
        return np.stack(columns, axis=1)


def distances(
    coding: Coding, names: list[str], true: np.ndarray, filled: np.ndarray, hidden: np.ndarray
) -> list[float]:
    """Mean distance and share filled rightly, over columns with hidden cells of more than one value."""
    far, right = [], []
    for i, name in enumerate(names):
        truth, found = true[hidden[:, i], i], filled[hidden[:, i], i]
        if len(np.unique(truth)) < 2:
            continue
        if name in coding.levels or len(np.unique(truth)) <= BINS:
            right.append(float((truth == found).mean()))
        else:
            edges = np.unique(np.quantile(truth, np.arange(1, BINS) / BINS))
            truth, found = np.searchsorted(edges, truth, side="right"), np.searchsorted(edges, found, side="right")
        values = np.union1d(truth, found)
        shares = [
            np.bincount(np.searchsorted(values, each), minlength=len(values)) / len(truth) for each in (truth, found)
        ]
        far.append(float(np.abs(shares[0] - shares[1]).sum() / 2))
    return [float(np.mean(far)), float(np.mean(right))]


def auc(
    coding: Coding, names: list[str], rows: np.ndarray, classes: pd.Series, holdout: np.ndarray, truth: pd.Series
) -> float:
    learner = HistGradientBoostingClassifier(
        random_state=0, categorical_features=[name in coding.levels for name in names]
    )
    learner.fit(rows, classes)
    told = learner.predict_proba(holdout)
    if told.shape[1] == 2:
        return float(roc_auc_score(truth == learner.classes_[1], told[:, 1]))
    return float(np.mean([roc_auc_score(truth == each, told[:, i]) for i, each in enumerate(learner.classes_)]))


def simple(coding: Coding, names: list[str], cells: np.ndarray) -> np.ndarray:
    result = cells.copy()
    kinds = np.array([name in coding.levels for name in names])
    for chosen, strategy in ((kinds, "most_frequent"), (~kinds, "median")):
        if chosen.any():
            imputer = SimpleImputer(strategy=strategy, keep_empty_features=True)
            result[:, chosen] = imputer.fit_transform(cells[:, chosen])
    return result


def iterative(cells: np.ndarray, drawn: bool, seed: int) -> np.ndarray:
    wide = {"n_nearest_features": 10, "max_iter": 3} if cells.shape[1] > WIDE else {}
    low, high = np.nanmin(cells, axis=0), np.nanmax(cells, axis=0)
    above = np.maximum(high, low + 1)  # of a column of one value
    imputer = IterativeImputer(
        sample_posterior=drawn, min_value=low, max_value=above, random_state=seed, keep_empty_features=True, **wide
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.clip(np.rint(imputer.fit_transform(cells)), low, high)


def compare(data: Path, options: argparse.Namespace) -> None:
    """Print a line of the table for each way to fill."""
    target = (data / "target").read_text().strip()
    raw, rest = table_of(data, "train").iloc[: options.rows], table_of(data, "holdout")
    schema = Schema.infer(raw)
    nullable = {name: field.model_copy(update={"nullable": True}) for name, field in schema.fields.items()}
    frame = schema.read(raw)
    inputs = [name for name in frame if name != target]
    rng = np.random.default_rng(options.seed)
    hidden = (rng.random((len(frame), len(inputs))) < options.hide) & frame[inputs].notna().to_numpy()
    holed = frame.assign(**{name: frame[name].mask(hidden[:, i]) for i, name in enumerate(inputs)})

    coding = Coding(frame[inputs])
    true, cells = coding.matrix(frame[inputs]), coding.matrix(holed[inputs])
    holdout, truth = coding.matrix(schema.read(rest)[inputs]), rest[target]

    def ours() -> np.ndarray:
        chosen = {"epochs": options.epochs, "width": options.width}
        model = {"family": "transformer", **{key: value for key, value in chosen.items() if value}}
        loose = schema.model_copy(update={"fields": nullable})
        synthesizer = Synthesizer.fit(holed, loose, model=model, seed=options.seed, max_minutes=options.max_minutes)
        print(
            f"{data.name}: trained for {synthesizer.about['seconds']} s", synthesizer.about["training"], file=sys.stderr
        )
        return coding.matrix(synthesizer.fill(holed, inputs, seed=options.seed)[inputs])

    ways = {
        "nothing hidden": lambda: true,
        "left missing": lambda: cells,
        "synthdata, drawn": ours,
        "SimpleImputer": lambda: simple(coding, inputs, cells),
        "IterativeImputer": lambda: iterative(cells, False, options.seed),
        "IterativeImputer, drawn": lambda: iterative(cells, True, options.seed),
    }
    for way, fill in ways.items():
        began = time.perf_counter()
        filled = fill()
        seconds = time.perf_counter() - began
        far = ["", ""]
        if way not in ("nothing hidden", "left missing"):
            far = [f"{value:.3f}" for value in distances(coding, inputs, true, filled, hidden)]
        score = auc(coding, inputs, filled, frame[target], holdout, truth)
        shown = f"{seconds:.0f}" if far[0] else ""
        print(f"| {data.name} | {way} | {far[0]} | {far[1]} | {score:.4f} | {shown} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, help="of the training rows, the first so many; all if not given")
    parser.add_argument("--max-minutes", type=float, help="of training")
    parser.add_argument("--hide", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--width", type=int)
    options = parser.parse_args()
    print("| set | filled by | distance | right | AUC | seconds |\n|---|---|---|---|---|---|")
    for data in options.data:
        compare(data, options)


if __name__ == "__main__":
    main()
