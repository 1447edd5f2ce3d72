"""What a candidate gained: measures of resampled rows, and intervals that hold all at once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB

from synthdata.augmentation.proof.estimators import Estimator
from synthdata.augmentation.proof.gains import Candidate, Predictions, measure_gains, odds, parity
from synthdata.augmentation.proof.resampled_metrics import resampled
from synthdata.errors import InputError


def predictions(rows: int, skill: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < 0.2).astype(np.int64)
    score = 1 / (1 + np.exp(-(skill * truth + rng.normal(size=rows))))
    return truth, np.stack([1 - score, score], axis=1).round(2)  # so that there are ties


def test_measures_of_weighted_rows_are_those_of_repeated_rows():
    truth, chances = predictions(300, 1.0)
    counts = np.random.default_rng(1).integers(0, 3, (4, 300))
    for row, each in enumerate(counts):
        again, said = np.repeat(truth, each), np.repeat(chances, each, axis=0)
        assert resampled("auc", counts, truth, chances)[row] == pytest.approx(roc_auc_score(again, said[:, 1]))
        found = resampled("average_precision", counts, truth, chances)[row]
        assert found == pytest.approx(average_precision_score(again, said[:, 1]))
        found = resampled("balanced_accuracy", counts, truth, chances)[row]
        assert found == pytest.approx(balanced_accuracy_score(again, said.argmax(axis=1)))
        found = resampled("r2", counts, truth * 1.0, chances[:, 1])[row]
        assert found == pytest.approx(r2_score(again, said[:, 1]))


def test_of_many_classes_each_counts_alike():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    chances = rng.dirichlet(np.ones(3), 400) + 0.5 * np.eye(3)[truth]
    chances /= chances.sum(axis=1, keepdims=True)
    found = resampled("auc", np.ones((1, 400)), truth, chances)[0]
    assert found == pytest.approx(roc_auc_score(truth, chances, multi_class="ovr"))


def lines_of(skills: dict[str, float], folds: int = 4, rows: int = 1500, seed: int = 0):
    trials = []
    for fold in range(folds):
        rng = np.random.default_rng([seed, fold])
        truth = (rng.random(rows) < 0.2).astype(np.int64)
        noise = rng.normal(size=rows)
        predicted = {}
        for label, skill in skills.items():
            own = 0.9 * noise + 0.45 * rng.normal(size=rows)  # estimators err alike, not the same
            score = 1 / (1 + np.exp(-(skill * truth + own)))
            predicted[label] = np.stack([1 - score, score], axis=1)
        trials.append(Predictions(truth, predicted))
    candidates = [Candidate(label, "generated" if number else "nothing") for number, label in enumerate(skills)]
    return measure_gains(candidates, trials, "auc", seed=seed)


def test_a_real_gain_is_told_from_zero_and_an_imagined_one_is_not():
    lines = lines_of({"nothing": 1.0, "better": 1.5, "same": 1.0, "worse": 0.5})
    better, same, worse = lines[1:]
    assert better.interval[0] > 0
    assert same.interval[0] < 0 < same.interval[1]
    assert worse.interval[1] < 0


def test_of_twenty_candidates_that_gain_nothing_hardly_ever_one_is_taken_for_a_gain():
    alarms = 0
    for seed in range(20):
        lines = lines_of({"nothing": 1.0, **{f"same {i}": 1.0 for i in range(20)}}, folds=3, rows=300, seed=seed)
        alarms += any(line.interval[0] > 0 for line in lines[1:])
    assert alarms <= 4  # 5 % of 20 are 1


def test_what_was_not_tried_says_why():
    truth, chances = predictions(100, 1.0)
    lines = measure_gains(
        [Candidate("nothing", "nothing"), Candidate("SMOTE", "simple", note="needs the extra")],
        [Predictions(truth, {"nothing": chances})],
        "average_precision",
    )
    assert (lines[1].score, lines[1].note) == (None, "needs the extra")
    assert set(lines[0].also) == {"AUC", "balanced accuracy"}


def test_both_parities():
    said = np.array([1, 1, 0, 0, 1, 0, 0, 0])
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    truth = np.array([1, 0, 0, 0, 1, 1, 0, 0])
    assert parity(said, groups) == pytest.approx(0.25)
    assert odds(said, truth, groups) == pytest.approx(0.5)  # of the true 1s, all of one group and half of the other


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sklearn.linear_model.Nothing", "cannot be imported"),
        ("nothing", "cannot be imported"),
        ("sklearn.svm.LinearSVC", "no fit and predict_proba"),
        (7, "is neither a scikit-learn estimator"),
    ],
)
def test_what_is_no_estimator_is_refused(path, message):
    with pytest.raises(InputError, match=message):
        Estimator.of(path, np.array([True]), 2)


@pytest.mark.parametrize(
    "path",
    [
        None,
        LogisticRegression(C=0.5),
        GaussianNB,
        "sklearn.linear_model.LogisticRegression",
        "sklearn.naive_bayes.GaussianNB",
    ],
)
def test_any_estimator_takes_categories_and_missing_cells(path):
    rng = np.random.default_rng(0)
    features = np.stack([rng.integers(0, 4, 400).astype(float), rng.normal(size=400)], axis=1)
    target = ((features[:, 0] == 2) | (features[:, 1] > 1)).astype(np.int64)
    features[rng.random(features.shape) < 0.1] = np.nan
    estimator = Estimator.of(path, np.array([True, False]), 2)
    assert estimator.takes_weights
    chances = estimator.predict(features[:300], target[:300], features[300:], seed=0, weights=np.ones(300))
    assert roc_auc_score(target[300:], chances[:, 1]) > 0.8
