"""Orders of a time and a day: the day is not over before its end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, Synthesizer
from synthdata.errors import SchemaError
from synthdata.schema import infer
from synthdata.validation import check

RNG = np.random.default_rng(11)
DAYS = RNG.integers(0, 300, 800)
LEFT = RNG.integers(0, 6, 800) * (RNG.random(800) < 0.6)
SUBMITTED = pd.Timestamp("2024-01-01") + pd.to_timedelta(DAYS * 86_400 + RNG.integers(0, 86_400, 800), unit="s")
DUE = pd.Timestamp("2024-01-01") + pd.to_timedelta(DAYS + LEFT, unit="D")
FRAME = pd.DataFrame({"submitted": SUBMITTED.strftime("%Y-%m-%d %H:%M:%S"), "due": DUE.strftime("%Y-%m-%d")})


def schema(keys: str = "") -> Schema:
    return Schema.parse(
        'fields: {submitted: {kind: datetime, format: "%Y-%m-%d %H:%M:%S"}, due: {kind: datetime}}\n'
        f"constraints: [{{kind: ordered, low: submitted, high: due{keys}}}]\n"
    )


def test_a_time_on_the_day_is_in_order() -> None:
    declared = schema()
    assert declared.constraints[0].whole_days is True
    assert Schema.parse(declared.dump()) == declared
    assert check(declared.read(FRAME), declared).passed
    late = FRAME.assign(submitted=FRAME["due"] + " 23:59:59")
    assert check(declared.read(late), declared).passed
    later = late.copy()
    later.loc[0, "due"] = (DUE[0] - pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    assert not check(declared.read(later), declared).passed


def test_it_can_be_said_otherwise() -> None:
    midnight = schema(", whole_days: false")
    assert not check(midnight.read(FRAME), midnight).passed
    with pytest.raises(SchemaError, match="whole_days is for a day above a time"):
        Schema.parse(
            "fields: {a: {kind: datetime}, b: {kind: datetime}}\n"
            "constraints: [{kind: ordered, low: a, high: b, whole_days: true}]\n"
        )


def test_init_proposes_it_and_not_in_a_circle() -> None:
    assert [each.label() for each in infer(FRAME)[0].constraints] == ["submitted <= due"]
    same_day = FRAME.assign(due=FRAME["submitted"].str[:10], closed=FRAME["due"])
    labels = [each.label() for each in infer(same_day)[0].constraints]
    assert "due <= submitted" in labels
    assert "submitted <= due" not in labels


def test_days_left_are_distributed_as_the_real_ones_by_construction() -> None:
    declared = schema()
    model = Synthesizer.fit(FRAME, declared, model="marginals")
    drawn = model.sample(3000)
    left = (drawn["due"] - drawn["submitted"].dt.normalize()).dt.days
    assert left.min() == 0
    assert abs(left.mean() - LEFT.mean()) < 0.15
    assert abs((left == 0).mean() - (LEFT == 0).mean()) < 0.04
    early = model.sample(300, where="due <= 2024-02-01")
    assert early["due"].max() <= pd.Timestamp("2024-02-01")
    assert (early["submitted"].dt.normalize() <= early["due"]).all()
