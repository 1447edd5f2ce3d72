"""`init` proposes orders and sums that always hold, and none that hold by chance or as a matter of course."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.schema import Schema
from synthdata.schema.constraints import Sum

ROWS = 1500


def proposed(**columns: object) -> list[str]:
    return [each.label() for each in Schema.infer(pd.DataFrame(columns)).constraints]


def days(numbers: np.ndarray) -> pd.Series:
    return pd.Timestamp("2020-01-01") + pd.Series(pd.to_timedelta(numbers, unit="D"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_dates_that_are_always_in_order(rng) -> None:
    admitted = rng.integers(0, 800, ROWS)
    discharged = admitted + rng.integers(0, 26, ROWS)
    billed = discharged + rng.integers(0, 90, ROWS)
    found = proposed(billed=days(billed), admitted=days(admitted), discharged=days(discharged))
    assert found == ["discharged <= billed", "admitted <= discharged"]  # and not admitted <= billed, which follows


def test_dates_are_read_from_text_and_may_be_missing(rng) -> None:
    admitted = days(rng.integers(0, 800, ROWS))
    seen = (admitted + pd.to_timedelta(rng.integers(0, 9000, ROWS), unit="min")).dt.strftime("%Y-%m-%d %H:%M")
    found = proposed(admitted=admitted.astype(str).where(rng.random(ROWS) < 0.8, ""), seen=seen)
    assert found == ["admitted <= seen"]


def test_dates_in_order_but_for_one_row_are_not(rng) -> None:
    admitted = rng.integers(0, 800, ROWS)
    discharged = admitted + rng.integers(0, 26, ROWS)
    discharged[7] = admitted[7] - 1
    assert proposed(admitted=days(admitted), discharged=days(discharged)) == []


def test_dates_that_lie_apart_are_in_order_as_a_matter_of_course(rng) -> None:
    assert proposed(born=days(-rng.integers(9000, 20_000, ROWS)), admitted=days(rng.integers(0, 800, ROWS))) == []


def test_first_days_of_months_are_not_counted_in_days(rng) -> None:
    month = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, ROWS), unit="D")
    first = pd.Series(month.to_period("M"))
    due = first + rng.integers(0, 20, ROWS)
    assert proposed(issued=first.dt.to_timestamp(), due=due.dt.to_timestamp()) == []


def test_too_few_rows_prove_nothing(rng) -> None:
    admitted = rng.integers(0, 800, 60)
    assert proposed(admitted=days(admitted), discharged=days(admitted + rng.integers(0, 26, 60))) == []


def test_numbers_that_explain_each_other(rng) -> None:
    opened = rng.poisson(12, ROWS)
    assert proposed(total=opened + rng.poisson(3, ROWS), opened=opened) == ["opened <= total"]


def test_numbers_that_are_in_order_for_no_reason_are_not(rng) -> None:
    age, salary = rng.integers(18, 90, ROWS), rng.integers(20_000, 90_000, ROWS)
    assert proposed(age=age, salary=salary, children=rng.integers(0, 5, ROWS)) == []
    assert proposed(few=rng.integers(0, 3, ROWS), more=rng.integers(2, 9, ROWS)) == []


def test_two_ends_by_name_need_less(rng) -> None:
    low = rng.integers(0, 60, ROWS)
    high = low + rng.integers(0, 300, ROWS)
    assert proposed(price_min=low, price_max=high) == ["price_min <= price_max"]
    assert proposed(price=low, sold=high) == []
    assert proposed(price_min=low, weight_max=high) == []


def test_columns_that_are_the_same_are_not_ordered(rng) -> None:
    values = rng.integers(0, 900, ROWS)
    assert proposed(one=values, other=values) == []


def test_totals_of_two_and_of_three_parts(rng) -> None:
    net, tax, fee = (np.round(rng.random(ROWS) * size, 2) for size in (900, 90, 9))
    gross = np.round(net + tax, 2)
    found = proposed(tax=tax, gross=gross, net=net, fee=fee, paid=np.round(gross + fee, 2))
    assert found == ["gross = tax + net", "paid = gross + fee"]
    assert proposed(net=net, tax=tax, fee=fee, all=np.round(net + tax + fee, 2)) == ["all = net + tax + fee"]


def test_a_difference_is_a_sum(rng) -> None:
    gross, costs = rng.integers(1000, 9000, ROWS), rng.integers(10, 900, ROWS)
    assert proposed(gross=gross, costs=costs, profit=gross - costs) == ["gross = costs + profit"]


def test_a_part_that_is_mostly_zero_counts_if_it_is_ever_shown_to_count(rng) -> None:
    net, tax = rng.integers(100, 9000, ROWS), rng.integers(10, 900, ROWS)
    late = np.where(rng.random(ROWS) < 0.04, rng.integers(1, 50, ROWS), 0)
    assert proposed(net=net, tax=tax, late=late, paid=net + tax + late) == ["paid = net + tax + late"]
    never = np.where(np.arange(ROWS) < 3, 1, 0)
    assert proposed(net=net, never=never, paid=net + never) == []


def test_totals_that_are_off_in_one_row_are_not(rng) -> None:
    net, tax = rng.integers(100, 9000, ROWS), rng.integers(10, 900, ROWS)
    gross = net + tax
    gross[5] += 1
    assert [each for each in proposed(net=net, tax=tax, gross=gross) if "+" in each] == []


def test_totals_that_rounding_spoils_in_few_rows(rng) -> None:
    net, tax, fee = (np.round(rng.random(ROWS) * size, 2) for size in (900, 90, 9))
    late = np.where(rng.random(ROWS) < 0.04, fee, 0)
    gross = np.round(net + tax + late, 2)
    for share in (1 / ROWS, 0.008):
        off = np.where(np.arange(ROWS) % round(1 / share) == 7, 0.01, 0)
        columns = {"net": net, "tax": tax, "late": late, "gross": np.round(gross + off, 2)}
        assert proposed(**columns) == ["gross = net + tax + late (± 0.01)"]
        assert proposed(**columns, other=np.round(rng.random(ROWS), 4)) == ["gross = net + tax + late (± 0.01)"]
        (each,) = Schema.infer(pd.DataFrame(columns)).constraints
        assert isinstance(each, Sum)
        assert each.tolerance == 0.01
        assert each.holds(pd.DataFrame(columns)).all()
    often = np.where(rng.random(ROWS) < 0.03, 0.01, 0)
    much = np.where(np.arange(ROWS) == 7, 0.03, 0)
    for wrong in (often, much):
        found = proposed(net=net, tax=tax, late=late, gross=np.round(gross + wrong, 2))
        assert [each for each in found if "+" in each] == []


def test_a_total_may_be_less_rounded_than_its_parts(rng) -> None:
    interest, fee = rng.random(ROWS) * 90, np.round(rng.random(ROWS) * 9, 2)
    interest = np.where(rng.random(ROWS) < 0.3, np.round(interest, 4), np.round(interest, 2))
    found = proposed(paid=np.round(interest + fee, 4), interest=np.round(interest, 2), fee=fee)
    assert found == ["paid = interest + fee (± 0.01)"]


def test_a_total_is_missing_exactly_where_a_part_is(rng) -> None:
    net, tax = rng.integers(100, 9000, ROWS).astype(float), rng.integers(10, 900, ROWS).astype(float)
    gone = rng.random(ROWS) < 0.2
    tax[gone] = np.nan
    assert proposed(net=net, tax=tax, gross=net + tax) == ["gross = net + tax"]
    assert proposed(net=net, tax=tax, gross=np.where(gone, 5, net + tax)) == []


def test_what_holds_of_codes_and_keys_is_not_looked_for(rng) -> None:
    zip_, other = rng.integers(10_000, 50_000, ROWS), rng.integers(1000, 9000, ROWS)
    assert proposed(zip=zip_.astype(str), other=other, both=(zip_ + other).astype(str)) == []


def test_cells_that_have_to_be_mended_are_no_trouble(rng) -> None:
    values = rng.integers(0, 900, ROWS).astype(float)
    other = values + rng.integers(0, 9, ROWS)
    other[3] = np.inf
    assert proposed(values=values, other=other) == []


def test_what_is_proposed_is_written_and_learned(rng) -> None:
    admitted = rng.integers(0, 800, ROWS)
    frame = pd.DataFrame({"admitted": days(admitted), "discharged": days(admitted + rng.integers(0, 26, ROWS))})
    schema = Schema.infer(frame)
    assert "- {kind: ordered, low: admitted, high: discharged}" in schema.dump()
    assert Schema.parse(schema.dump()) == schema


def test_products_of_columns_and_percentages(rng) -> None:
    pieces, price = rng.integers(1, 20, ROWS), np.round(rng.lognormal(3, 1, ROWS), 2)
    net, rate = np.round(pieces * price, 2), rng.choice([7, 19], ROWS)
    tax = np.round(net * rate / 100, 2)
    columns = {"pieces": pieces, "price": price, "net": net, "rate": rate, "tax": tax, "gross": np.round(net + tax, 2)}
    expected = ["gross = net + tax", "net = pieces * price", "tax = net * rate * 0.01 (± 0.005)"]
    assert proposed(**columns) == expected
    euros = [f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in net]
    assert "net = pieces * price" in proposed(**{**columns, "net": euros})


def test_dates_that_stand_for_none_are_in_no_order(rng) -> None:
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D")
    end = (start + pd.to_timedelta(rng.integers(0, 90, ROWS), unit="D")).strftime("%Y-%m-%d").to_numpy()
    assert proposed(start=start.strftime("%Y-%m-%d"), end=end) == ["start <= end"]
    assert proposed(start=start.strftime("%Y-%m-%d"), end=np.where(rng.random(ROWS) < 0.3, "9999-12-31", end)) == []


@pytest.mark.parametrize("factor", [0.2, 0.19, 1.95583, 0.01, 12])
def test_a_fixed_share_of_a_column_is_a_product(rng, factor: float) -> None:
    net = np.round(rng.lognormal(6, 1, ROWS), 2)
    (share,) = proposed(net=net, other=rng.lognormal(6, 1, ROWS), share=np.round(net * factor, 2))[-1:]
    assert share.startswith(f"share = net * {factor:g}")


def test_shares_that_vary_or_are_all_alike_are_none(rng) -> None:
    net = np.round(rng.lognormal(6, 1, ROWS), 2)
    varied = np.round(net * rng.choice([0.07, 0.19], ROWS), 2)
    off = np.round(net * 0.2, 2)
    off[5] += 0.01
    assert not [each for each in proposed(net=net, varied=varied, off=off, same=np.full(ROWS, 3.5)) if "*" in each]


def test_a_product_that_is_off_in_one_row_is_none(rng) -> None:
    pieces, price = rng.integers(1, 20, ROWS), rng.integers(1, 500, ROWS)
    net = pieces * price
    assert proposed(pieces=pieces, price=price, net=net) == ["net = pieces * price"]
    net[7] += 1
    assert proposed(pieces=pieces, price=price, net=net) == []


def test_a_copy_or_a_switch_is_no_product(rng) -> None:
    value = rng.integers(1, 500, ROWS)
    assert proposed(one=np.ones(ROWS, int), value=value, same=value) == []


def test_no_circle_of_sums_and_products_is_proposed(rng) -> None:
    one = rng.choice([2, 4], ROWS)
    assert len(proposed(one=one, double=one * 2, square=one * one, cube=one**3)) <= 3
