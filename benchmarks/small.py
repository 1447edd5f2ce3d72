"""How well a small table is learned: scikit-learn's breast cancer patients, 569 rows of 30 measures, defaults.

usage: python benchmarks/small.py [--samples 3]

Prints the share of rows the gate accepts; the AUC of a boosted tree that tells synthetic from real patients (5-fold,
scikit-learn's defaults); the AUC on real patients of a random forest trained on synthetic ones. Means over samples.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from synthdata import Schema, generate, train
from synthdata.cli.demo_data import patients, schema_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=3)
    options = parser.parse_args()
    real = patients()
    measures = [name for name in real if name not in ("patient_id", "diagnosis")]
    is_real = np.repeat([1, 0], len(real))
    began = time.perf_counter()
    synthesizer = train(real, Schema.load(schema_file("breast_cancer.yaml")))
    print(f"trained in {time.perf_counter() - began:.0f} s")
    figures = []
    for seed in range(options.samples):
        passed = generate(synthesizer, len(real), seed=seed)
        both = np.vstack([real[measures], passed.frame()[measures]])
        folds = cross_val_predict(HistGradientBoostingClassifier(), both, is_real, cv=5, method="predict_proba")
        forest = RandomForestClassifier(500, random_state=0).fit(passed.frame()[measures], passed.frame()["diagnosis"])
        told = forest.predict_proba(real[measures])[:, 1]
        figures.append(
            (
                passed.verdict().acceptance,
                roc_auc_score(is_real, folds[:, 1]),
                roc_auc_score(real["diagnosis"] == "malignant", told),
            )
        )
    for name, value in zip(("accepted", "C2ST AUC", "TSTR AUC"), np.mean(figures, axis=0), strict=True):
        print(f"{name} {value:.3f}")


if __name__ == "__main__":
    main()
