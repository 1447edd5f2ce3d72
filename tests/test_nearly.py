"""Columns of dates or numbers in which a few cells are something else: `init` says which, and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.schema import infer

DAYS = pd.Series(pd.date_range("2021-01-01", periods=400)).dt.strftime("%d.%m.%Y").tolist()
EUROS = [
    f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in np.random.default_rng(0).lognormal(6, 2, 400)
]


@pytest.mark.parametrize(
    ("cells", "odd", "said"),
    [
        (DAYS, "31.02.2024", "dates (%d.%m.%Y) but for 1 cell (row 7): mend it"),
        (DAYS, "offen", "dates (%d.%m.%Y) but for 1 cell (row 7): mend it"),
        (EUROS, "12x,00 €", "numbers (like 1.234,5 €) but for 1 cell (row 7): mend it"),
        ([f"{row}.5" for row in range(400)], "unknown", "numbers but for 1 cell (row 7): mend it"),
    ],
)
def test_the_cells_that_stand_in_the_way_are_named(cells: list[str], odd: str, said: str) -> None:
    column = [*cells[:6], odd, *cells[7:]]
    schema, found = infer(pd.DataFrame({"x": column}, dtype="str"))
    assert schema.fields["x"].kind == "category"
    assert found.notes["x"].startswith(said)
    assert odd not in found.notes["x"]


@pytest.mark.parametrize(("cells", "what"), [(DAYS, "dates (%d.%m.%Y)"), (EUROS, "numbers")])
def test_a_word_that_stands_for_a_missing_value_is_pointed_out(cells: list[str], what: str) -> None:
    column = [cell if row % 12 else "offen" for row, cell in enumerate(cells)]
    found = infer(pd.DataFrame({"x": column}, dtype="str"))[1]
    assert found.notes["x"] == f'{what} but for 34 cells that say "offen": if missing is meant, --na offen'
    assert "x" in found.matter


@pytest.mark.parametrize(
    "cells",
    [[f"code {row}" for row in range(400)], [f"{row:05d}" for row in range(400)], [*DAYS[:200], *EUROS[:200]],
     [f"A{row}" if row % 3 else f"{row}" for row in range(400)]],
)  # fmt: skip
def test_what_is_of_several_sorts_is_nearly_nothing(cells: list[str]) -> None:
    assert "but for" not in infer(pd.DataFrame({"x": cells}, dtype="str"))[1].notes["x"]
