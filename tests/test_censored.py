"""Measurements beyond a limit, <0.1 and >200: numbers that are written back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Number, Schema, Synthesizer
from synthdata.errors import SchemaError
from synthdata.schema import infer

VALUES = np.random.default_rng(4).lognormal(0, 1.2, 800)


def german(value: float) -> str:
    return "<0,1" if value < 0.1 else ">5" if value > 5 else f"{value:.1f}".replace(".", ",")


CELLS = {
    "crp": [german(value) for value in VALUES],
    "count": ["<10" if value < 0.3 else str(int(value * 30) + 10) for value in VALUES],
    "p": ["< 0.001" if value < 0.2 else f"{value / 10:.3f}" for value in VALUES],
}
FRAME = pd.DataFrame(CELLS, dtype="str")


def test_limits_are_found_and_written_back() -> None:
    schema, found = infer(FRAME)
    typed = schema.read(FRAME)
    for name, field in schema.fields.items():
        assert isinstance(field, Number)
        assert field.write(typed[name]).astype("str").tolist() == CELLS[name]
    assert (schema.fields["crp"].below, schema.fields["crp"].above) == ("<0,1", ">5")
    assert "(<0,1, >5) count as the next number" in found.notes["crp"]
    assert typed["crp"].min() == 0.0
    assert typed["crp"].max() == 5.1
    assert typed["count"].min() == 9
    assert Schema.parse(schema.dump()) == schema


def test_as_many_are_drawn_as_there_were() -> None:
    schema = infer(FRAME)[0]
    drawn = Synthesizer.fit(FRAME, schema, model="marginals").sample(3000)
    for name, field in schema.fields.items():
        real, made = FRAME[name], field.write(drawn[name]).astype("str")
        for sign in "<>":
            assert abs(made.str.startswith(sign).mean() - real.str.startswith(sign).mean()) < 0.03
        assert set(made[made.str.contains("[<>]")]) <= set(real[real.str.contains("[<>]")])


@pytest.mark.parametrize(
    "odd",
    [["<0.1", "<0.2"], ["<5"], [">1", "> 1"]],
    ids=["two limits", "numbers below it", "two ways"],
)
def test_what_contradicts_itself_is_no_number(odd: list[str]) -> None:
    cells = [*(f"{value:.2f}" for value in VALUES), *(odd * 30)]
    assert infer(pd.DataFrame({"x": cells}, dtype="str"))[0].fields["x"].kind == "category"


@pytest.mark.parametrize(
    ("keys", "key"), [("below: '>1'", "below"), ("above: '>high'", "above"), ("below: ''", "below")]
)
def test_a_limit_is_a_number_behind_its_sign(keys: str, key: str) -> None:
    with pytest.raises(SchemaError, match=f"{key} .* is no number behind"):
        Schema.parse(f"fields: {{x: {{kind: number, {keys}}}}}")


def test_floats_lie_half_way_below_a_limit() -> None:
    field = Number(below="<0.5", above=">100")
    values, bad = field.read(pd.Series(["<0.5", "0.7", ">100", "?1"], dtype="str"))
    assert values.tolist()[:3] == [0.25, 0.7, 150.0]
    assert bad.tolist() == [False, False, False, True]
    assert field.write(pd.Series([0.1, 0.7, 101.0, np.nan])).astype("str").tolist()[:3] == ["<0.5", "0.7", ">100"]
