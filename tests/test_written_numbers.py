"""How a column writes numbers: found from all of its cells, never misread in silence, and written back the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, SchemaError
from synthdata.fields import Datetime, Number
from synthdata.fields.written_numbers import Form, find_form
from synthdata.schema import infer
from synthdata.schema.conditions import predicates_of

ROWS = 300


def amounts(seed: int = 0) -> list[float]:
    return np.round(np.random.default_rng(seed).lognormal(6, 2, ROWS), 2).tolist()


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


WRITTEN = {
    "dollars": ([f"${value:,.2f}" for value in amounts()], Form(thousands=",", prefix="$")),
    "below zero": ([f"-${value:,.2f}" for value in amounts()], Form(thousands=",", prefix="$")),
    "brackets": (
        [f"({value:,.2f})" if row % 3 else f"{value:,.2f}" for row, value in enumerate(amounts())],
        Form(thousands=",", brackets=True),
    ),
    "minus behind": (
        [f"{german(value)}-" if row % 3 else german(value) for row, value in enumerate(amounts())],
        Form(",", ".", trailing_minus=True),
    ),
    "euros": ([f"{german(value)} €" for value in amounts()], Form(",", ".", suffix=" €")),
    "decimal comma": ([german(value) for value in amounts()], Form(",", ".")),
    "percent": ([f"{value % 100:.1f} %".replace(".", ",") for value in amounts()], Form(",", suffix=" %")),
    "months": ([f"{int(value) % 60} months" for value in amounts()], Form(suffix=" months")),
    "kilograms": ([f"{value % 9:.2f}kg" for value in amounts()], Form(suffix="kg")),
    "francs": ([f"CHF {value:,.2f}".replace(",", "'") for value in amounts()], Form(thousands="'", prefix="CHF ")),
    "credit and debit": (
        [f"{value:,.2f} {'DR' if row % 3 else 'CR'}" for row, value in enumerate(amounts())],
        Form(thousands=",", suffix=" CR", negative_suffix=" DR", note='numbers with "DR" count as negative'),
    ),
    "Soll and Haben": (
        [f"{german(value)} {'S' if row % 3 else 'H'}" for row, value in enumerate(amounts())],
        Form(",", ".", suffix=" H", negative_suffix=" S", note='numbers with "S" count as negative'),
    ),
    "minus behind the currency": (
        [f"CHF {'-' if row % 3 else ''}{value:,.2f}".replace(",", "'") for row, value in enumerate(amounts())],
        Form(thousands="'", prefix="CHF ", inner_minus=True),
    ),
    "negative durations": (
        [
            f"{'-' if row % 3 else ''}{int(value) % 20}:{1 + int(7 * value) % 59:02}"
            for row, value in enumerate(amounts())
        ],
        Form(
            duration="m:ss", note="minutes and seconds; they could also be hours and minutes: then say duration: h:mm"
        ),
    ),
    "credit alone": (
        [f"{value:,.2f}{' CR' if row % 3 else ''}" for row, value in enumerate(amounts())],
        Form(thousands=",", negative_suffix=" CR", note='numbers with "CR" count as negative'),
    ),
    "durations": (
        [f"{int(value) % 40:02}:{int(value) % 60:02}:{int(7 * value) % 60:02}" for value in amounts()],
        Form(duration="hh:mm:ss"),
    ),
    "laps": ([f"{int(value) % 3}:{value % 60:06.3f}" for value in amounts()], Form(duration="m:ss")),
    "narrow spaces": (
        [f"{value:,.2f}".replace(",", "\u202f").replace(".", ",") for value in amounts()],
        Form(",", "\u202f"),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_form_is_found_and_written_back(name: str) -> None:
    cells, form = WRITTEN[name]
    found = find_form(pd.Series(cells, dtype="str"))
    assert found == form
    frame = pd.DataFrame({"amount": cells}, dtype="str")
    field = Schema.infer(frame).fields["amount"]
    assert isinstance(field, Number)
    assert field.form == replace(form, note="")
    values = field.parse(frame["amount"], "amount")
    assert field.write(values).tolist() == cells


def test_thousands_are_told_from_decimals_by_the_whole_column() -> None:
    thousands = [f"{int(value):,}".replace(",", ".") for value in amounts()]
    field = Schema.infer(pd.DataFrame({"pieces": thousands}, dtype="str")).fields["pieces"]
    assert (field.integer, field.thousands) == (True, ".")
    assert field.parse(pd.Series(["4.124"]), "pieces").tolist() == [4124]
    metres = [f"{value % 9:.3f}" for value in amounts()]
    field = Schema.infer(pd.DataFrame({"metres": metres}, dtype="str")).fields["metres"]
    assert (field.decimals, field.thousands) == (3, "")


@pytest.mark.parametrize(("beside", "expected"), [(["12,5 %", "7,2 %"], 4124), (["12.5 %", "7.2 %"], 4.124)])
def test_what_one_column_leaves_open_the_others_tell(beside: list[str], expected: float) -> None:
    open_cells = [f"{1 + value % 9:.3f}" for value in amounts()]
    frame = pd.DataFrame({"size": open_cells, "rate": np.resize(beside, ROWS)}, dtype="str")
    field = Schema.infer(frame).fields["size"]
    assert field.parse(pd.Series(["4.124"]), "size").tolist() == [expected]


@pytest.mark.parametrize(
    ("beside", "expected"), [(None, 45_000), (["12.5 %", "7.2 %"], 45_000), (["12,5 %", "7,2 %"], 45)]
)
def test_a_comma_before_three_digits_parts_thousands_unless_another_is_decimal(beside, expected) -> None:
    frame = pd.DataFrame({"salary": [f"{30 + row % 60},{500 * (row % 2):03d}" for row in range(ROWS)]}, dtype="str")
    if beside:
        frame["rate"] = np.resize(beside, ROWS)
    schema, found = infer(frame.astype("str"))
    assert schema.fields["salary"].parse(pd.Series(["45,000"]), "salary").tolist() == [expected]
    assert ("could also be the decimal sign" in found.notes["salary"]) == (expected == 45_000)


def test_a_hyphen_of_a_currency_is_no_sign() -> None:
    field = Number(decimals=2, prefix="US-$ ")
    assert field.read(pd.Series(["US-$ 5.00", "-US-$ 5.00", "US-$ -5.00"], dtype="str"))[0].tolist() == [
        5.0,
        -5.0,
        -5.0,
    ]


def test_what_nothing_tells_is_said() -> None:
    frame = pd.DataFrame({"size": [f"{1 + value % 9:.3f}" for value in amounts()]}, dtype="str")
    assert 'thousands: "."' in infer(frame)[1].notes["size"]


@pytest.mark.parametrize(
    "cells",
    [["A12", "A13"], ["C50.1", "C50.2"], ["1.2K", "3M"], ["12 kg", "7 lb"], ["1.2.3", "1.2.4"], ["5'7", "6'1"],
     ["1.234,5", "1,234.5"], ["1.5e", "2e"], ["030 1234567", "030 22222222"], ["(12)", "12)"],
     ["12-", "-12"], ["3-", "B-"]],
)  # fmt: skip
def test_what_is_no_number_or_contradicts_itself_has_no_form(cells: list[str]) -> None:
    assert find_form(pd.Series(cells * 40, dtype="str")) is None


@pytest.mark.parametrize("cell", ["1,23", "12,34,567.00", "$1,234", "1.234.567", "(5.00"])
def test_a_cell_that_does_not_follow_the_form_is_refused(cell: str) -> None:
    field = Number(decimals=2, thousands=",")
    assert field.read(pd.Series([cell], dtype="str"))[1].tolist() == [True]
    assert field.read(pd.Series(["1,234.50"], dtype="str"))[0].tolist() == [1234.5]


def test_codes_with_zeros_are_not_called_amounts() -> None:
    codes = [f"{value:06d}" for value in np.random.default_rng(0).integers(0, 60, ROWS)]
    schema, found = infer(pd.DataFrame({"branch": codes}, dtype="str"))
    assert schema.fields["branch"].kind == "category"
    assert "amounts" not in found.notes["branch"]


def test_cents_are_written_as_they_were() -> None:
    prices = pd.DataFrame({"price": [f"{value:.2f}" for value in amounts()], "pieces": ["1", "2.5"] * (ROWS // 2)})
    schema = Schema.infer(prices.astype("str"))
    assert schema.fields["price"].trailing_zeros
    assert schema.fields["price"].write(pd.Series([12.5, -3.0, None])).tolist()[:2] == ["12.50", "-3.00"]
    assert not schema.fields["pieces"].trailing_zeros
    typed = Schema.infer(pd.DataFrame({"price": [12.5, 3.25] * 100})).fields["price"]
    assert not typed.trailing_zeros


@pytest.mark.parametrize("operand", ["1.000,00 €", "1.000", "1000", "1.000,00", "999,995 €"])
def test_conditions_take_numbers_as_the_column_writes_them(operand: str) -> None:
    field = Number(decimals=2, decimal=",", thousands=".", suffix=" €")
    (predicate,) = predicates_of([f"gross >= {operand}"], {"gross": field})["gross"]
    assert float(predicate.operand) == pytest.approx(1000, abs=0.01)
    (plain,) = predicates_of(["gross >= 1000"], {"gross": Number()})["gross"]
    assert plain.operand == "1000"


@pytest.mark.parametrize("unit", ["g/dL", "mmol/l", "µmol/L", "IU/ml"])
def test_units_for_each_of_another_are_units(unit: str) -> None:
    cells = [f"{value / 10} {unit}" for value in range(100, 200)]
    field = Schema.infer(pd.DataFrame({"hb": cells})).fields["hb"]
    assert isinstance(field, Number)
    assert field.suffix == f" {unit}"
    assert field.write(field.read(pd.Series(cells))[0]).tolist() == cells


@pytest.mark.parametrize(
    ("name", "cells", "way"),
    [
        ("duration", [f"{row % 3:02}:{row % 60:02}:{row * 7 % 60:02}" for row in range(ROWS)], "hh:mm:ss"),
        ("hours_worked", [f"{row % 12}:{row * 7 % 60:02}" for row in range(ROWS)], "h:mm"),
        ("length", [f"{row % 12}:{row * 7 % 60:02}" for row in range(ROWS)], "m:ss"),
        ("total", [f"{row}:{row * 7 % 60:02}" for row in range(ROWS)], "m:ss"),
    ],
)
def test_durations_are_told_from_times_of_a_day_by_their_size_or_name(name: str, cells: list[str], way: str) -> None:
    field = Schema.infer(pd.DataFrame({name: cells})).fields[name]
    assert isinstance(field, Number)
    assert field.duration == way
    last = field.parse(pd.Series(cells[-1:], dtype="str"), name).iloc[0]
    first, second = map(int, cells[-1].split(":")[:2])
    assert last == (first * 3600 + second * 60 + int(cells[-1][-2:]) if way == "hh:mm:ss" else first * 60 + second)


def test_times_of_a_day_stay_such() -> None:
    cells = [f"{row % 24:02}:{row * 7 % 60:02}" for row in range(ROWS)]
    assert Schema.infer(pd.DataFrame({"start": cells})).fields["start"] == Datetime(format="%H:%M")


def test_durations_are_compared_as_they_are_written() -> None:
    field = Number(integer=True, duration="h:mm:ss")
    found = predicates_of("took >= 1:30:00", {"took": field})
    assert found["took"][0].operand == "5400"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"duration": "h:mm", "thousands": ","}, "digits and colons"),
        ({"negative_suffix": " DR", "brackets": True}, "is a sign"),
        ({"negative_suffix": " DR", "suffix": " DR"}, "is a sign"),
        ({"negative_suffix": "2"}, "has a digit"),
    ],
)
def test_forms_that_contradict_themselves_are_refused(keys: dict, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        Schema(fields={"x": Number(integer=True, **keys)})
