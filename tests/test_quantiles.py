"""Atoms, bins and levels: privacy, exactness, the ends of the number line, and speed."""

from __future__ import annotations

import json
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdata.blocks import Binned, Categorical, symbols
from synthdata.fields.intervals import along, draw_within, fraction_of, intersect, touched
from synthdata.fields.quantiles import Quantiles, draw_threshold
from synthdata.subjects import Subjects

modest = settings(max_examples=60, deadline=None, database=None)
INT64 = (-(2**63), 2**63 - 1)

integer_columns = st.one_of(
    st.lists(st.integers(*INT64), min_size=1, max_size=60),
    st.lists(st.integers(-20, 20), min_size=1, max_size=300),
    st.builds(
        lambda seed, rows, spread, centre: np.rint(np.random.default_rng(seed).normal(centre, spread, rows)).tolist(),
        st.integers(0, 10**6),
        st.integers(20, 3000),
        st.sampled_from([1, 30, 10**4, 10**9]),
        st.sampled_from([0, 2**50, -(2**55)]),
    ),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
float_columns = st.one_of(
    st.lists(finite, min_size=1, max_size=60),
    st.builds(
        lambda seed, rows, zeros: np.where(
            np.random.default_rng(seed).random(rows) < zeros, 0, np.random.default_rng(seed + 1).lognormal(0, 2, rows)
        ).tolist(),
        st.integers(0, 10**6),
        st.integers(20, 3000),
        st.sampled_from([0, 0.3, 0.99]),
    ),
)
columns = st.one_of(
    integer_columns.map(lambda values: np.array(values, np.int64)),
    float_columns.map(lambda values: np.array(values, np.float64) + 0.0),
)


def fit(values: np.ndarray, seed: int = 0) -> Quantiles:
    return Quantiles.fit(values, np.random.default_rng(seed))


def everything(quantiles: Quantiles, rng: np.random.Generator, rows: int = 2000) -> np.ndarray:
    """Decode arrays drawn from all that fits the block."""
    block = quantiles.block
    symbol = rng.integers(0, max(symbols(block), 1), rows)
    if isinstance(block, Categorical):
        return quantiles.decode(symbol if block.size else symbol[:0])
    offset = np.where(rng.random(rows) < 0.2, rng.choice([0.0, 1 - 2**-53], rows), rng.random(rows))
    return quantiles.decode(np.stack([symbol, offset], axis=1))


# --- privacy ----------------------------------------------------------------------------------------------------


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_every_atom_and_every_level_stands_for_five_rows(values: np.ndarray, seed: int) -> None:
    quantiles = fit(values, seed)
    for atom in quantiles.atoms:
        assert (values == atom).sum() >= 5
    if not quantiles.bins:
        return
    encoded = quantiles.encode(values)
    inside = encoded[:, 0] >= len(quantiles.atoms)
    decoded = quantiles.decode(encoded)[inside]
    level = np.minimum(np.searchsorted(quantiles.highs, decoded), len(quantiles.lows) - 1)
    counts = np.bincount(level, minlength=len(quantiles.lows))
    for number, (low, high) in enumerate(zip(quantiles.lows, quantiles.highs, strict=True)):
        touching = counts[number]
        if number + 1 < len(counts) and quantiles.lows[number + 1] == high:  # floats share their edges
            touching += counts[number + 1]
        assert touching >= 5, f"level [{low}, {high}] stands for {touching} rows"


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_no_extreme_shared_by_fewer_than_five_rows_is_kept_or_drawn(values: np.ndarray, seed: int) -> None:
    quantiles = fit(values, seed)
    drawn = everything(quantiles, np.random.default_rng(seed))
    kept = np.concatenate([quantiles.atoms, quantiles.lows, quantiles.highs, drawn])
    distinct, counts = np.unique(values, return_counts=True)
    if (~np.isin(values, quantiles.atoms)).sum() < 16:
        return  # the middle of so few rows stands for all
    for side in (slice(None), slice(None, None, -1)):
        rows_beyond = np.cumsum(counts[side])
        for value in distinct[side][rows_beyond < 5]:
            beyond = (kept <= value) if side.step is None else (kept >= value)
            assert not beyond.any(), f"{value!r} is an extreme"


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_the_json_holds_no_value_of_fewer_than_five_rows_save_by_rounding(values: np.ndarray, seed: int) -> None:
    quantiles = fit(values, seed)
    distinct, counts = np.unique(values, return_counts=True)
    rare = distinct[counts < 5].tolist()
    data = json.loads(json.dumps(quantiles.to_json()))
    numbers = [*data["atoms"], *data["lows"], *data["highs"]]
    for number in set(numbers) & set(rare):
        place = rare.index(number)
        near = [abs(number - other) for other in distinct.tolist() if other != number]
        # 4: an end that moved halfway inwards, and an edge halfway from there
        close = 4 if values.dtype.kind == "i" else 1e-9 * max(abs(number), 1e-290)
        assert near, f"{number} is a row's own: {place}"
        assert min(near) <= close, f"{number} is a row's own"


def test_the_threshold_is_drawn_between_five_and_eight() -> None:
    drawn = {draw_threshold(np.random.default_rng(seed)) for seed in range(100)}
    assert drawn == {5, 6, 7, 8}


@pytest.mark.parametrize("rows", [1, 2, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20])
def test_a_tiny_column_is_the_middle_of_itself_or_nothing(rows: int) -> None:
    for seed in range(20):
        for values in (np.arange(rows) * 1000, np.arange(rows) * 1000.5):
            quantiles = fit(values, seed)
            kept = quantiles.lows.tolist() + quantiles.highs.tolist()
            assert len(quantiles.atoms) == 0
            assert bool(kept) == (rows >= 8) or 5 <= rows < 8
            assert all(values.min() <= number <= values.max() for number in kept)
            if rows >= 10:
                assert all(values[4] <= number <= values[-5] for number in kept)


# --- exactness --------------------------------------------------------------------------------------------------


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_round_trip(values: np.ndarray, seed: int) -> None:
    quantiles = fit(values, seed)
    if isinstance(quantiles.block, Categorical) and not quantiles.block.size:
        return
    encoded = quantiles.encode(values)
    back = quantiles.decode(encoded)
    assert back.dtype == values.dtype
    assert np.isin(back[np.isin(values, quantiles.atoms)], quantiles.atoms).all()
    np.testing.assert_array_equal(back[np.isin(values, quantiles.atoms)], values[np.isin(values, quantiles.atoms)])
    level = np.minimum(np.searchsorted(quantiles.highs, values), max(len(quantiles.lows) - 1, 0))
    if quantiles.bins:
        low, high = quantiles.lows[level], quantiles.highs[level]
        inside = (low <= values) & (values <= high)
        if values.dtype.kind == "i":
            narrow = inside & ((high.astype(np.uint64) - low.astype(np.uint64)) < 2**40)
            np.testing.assert_array_equal(back[narrow], values[narrow])
        else:
            error = np.abs(back[inside] / 2 - values[inside] / 2)
            assert (
                error <= (high[inside] / 2 - low[inside] / 2) * 1e-9 + np.abs(values[inside]) * 1e-15 + 1e-300
            ).all()
        again = quantiles.encode(back)
        if values.dtype.kind == "i":
            np.testing.assert_array_equal(quantiles.decode(again), back)


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_whatever_is_decoded_lies_within_the_column(values: np.ndarray, seed: int) -> None:
    drawn = everything(fit(values, seed), np.random.default_rng(seed))
    assert np.isfinite(drawn).all()
    assert ((drawn >= values.min()) & (drawn <= values.max())).all()


@modest
@given(values=columns, seed=st.integers(0, 99))
def test_levels_ascend_and_json_is_exact(values: np.ndarray, seed: int) -> None:
    quantiles = fit(values, seed)
    assert (quantiles.lows <= quantiles.highs).all()
    assert (quantiles.highs[:-1] <= quantiles.lows[1:]).all()
    again = Quantiles.from_json(json.loads(json.dumps(quantiles.to_json())))
    for name in ("atoms", "lows", "highs"):
        np.testing.assert_array_equal(getattr(again, name), getattr(quantiles, name))
        assert getattr(again, name).dtype == values.dtype
    assert again.block == quantiles.block


def test_few_distinct_values_are_a_category_and_the_rare_among_them_are_not_its_members() -> None:
    values = np.repeat([1, 2, 3, 900], [50, 60, 70, 2])
    quantiles = fit(values)
    assert quantiles.block == Categorical(3)
    assert quantiles.decode(quantiles.encode(np.array([900, -5, 2]))).tolist() == [3, 1, 2]


def test_a_value_that_is_not_kept_goes_to_its_nearest_even_at_the_ends_of_int64() -> None:
    quantiles = fit(np.repeat(np.array([INT64[0], 0, INT64[1]]), 30))
    assert quantiles.decode(quantiles.encode(np.array([INT64[0] + 1, 5, INT64[1] - 1]))).tolist() == [
        INT64[0],
        0,
        INT64[1],
    ]


def test_marginals_are_right_by_construction() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(20_000) < 0.9, 0.0, rng.lognormal(8, 1, 20_000))
    quantiles = fit(values)
    encoded = quantiles.encode(values)
    block = quantiles.block
    assert isinstance(block, Binned)
    assert block.atoms == 1
    level = np.floor(encoded[:, 1] * block.levels)
    jittered = np.stack([encoded[:, 0], (level + rng.random(len(level))) / block.levels], axis=1)
    drawn = np.sort(quantiles.decode(jittered))
    assert (drawn == 0).mean() == pytest.approx(0.9, abs=0.01)
    grid = np.linspace(0.91, 0.99, 9)
    np.testing.assert_allclose(np.quantile(drawn, grid), np.quantile(values, grid), rtol=0.05)


# --- intervals --------------------------------------------------------------------------------------------------

unions = st.lists(st.integers(-50, 50), min_size=0, max_size=12, unique=True).map(
    lambda ends: [(a, b) for a, b in zip(*[iter(sorted(ends))] * 2, strict=False)]
)


@modest
@given(a=unions, b=unions)
def test_intersection_is_membership_of_both(a: list, b: list) -> None:
    both = intersect(a, b)
    for number in range(-51, 52):
        inside = [any(low <= number <= high for low, high in union) for union in (a, b, both)]
        assert inside[2] == (inside[0] and inside[1])


@modest
@given(ranges=unions, intervals=unions, seed=st.integers(0, 99), dtype=st.sampled_from([np.int64, np.float64]))
def test_draws_stay_within_their_range_and_the_intervals(ranges: list, intervals: list, seed: int, dtype: type) -> None:
    if not ranges:
        return
    rng = np.random.default_rng(seed)
    lows, highs = (np.array(ends, dtype) for ends in zip(*ranges, strict=True))
    meets = touched(lows, highs, intervals)
    assert meets.tolist() == [bool(intersect([one], intervals)) for one in ranges]
    which = rng.integers(0, len(lows), 200)
    drawn = draw_within(lows, highs, which, rng.random(200), intervals)
    for value, range_ in zip(drawn.tolist(), which.tolist(), strict=True):
        if meets.any():
            assert any(low <= value <= high for low, high in intervals)
            assert any(low <= value <= high for low, high in ranges)
        if meets[range_]:
            assert lows[range_] <= value <= highs[range_]


def test_integers_left_by_a_restriction_are_equally_likely() -> None:
    lows, highs = np.array([0, 100]), np.array([99, 199])
    intervals = [(10, 12), (50, 50), (97, 103), (150, 2**63 - 1)]
    drawn = draw_within(lows, highs, np.zeros(70_000, np.int64), np.random.default_rng(0).random(70_000), intervals)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [10, 11, 12, 50, 97, 98, 99]
    assert counts.min() > 9_500


def test_points_left_of_floats_are_equally_likely() -> None:
    drawn = draw_within(
        np.array([0.0]),
        np.array([1.0]),
        np.zeros(900, np.int64),
        np.random.default_rng(0).random(900),
        [(0.25, 0.25), (0.5, 0.5)],
    )
    assert np.unique(drawn, return_counts=True)[1].min() > 350


@modest
@given(low=st.integers(*INT64), high=st.integers(*INT64), at=st.floats(0, 1, exclude_max=True))
def test_any_way_through_a_range_of_integers_ends_inside(low: int, high: int, at: float) -> None:
    low, high = min(low, high), max(low, high)
    value = along(np.array([low]), np.array([high]), np.array([at]))
    assert low <= value[0] <= high
    if high - low < 2**39:
        fraction = fraction_of(np.array([low]), np.array([high]), value)
        assert along(np.array([low]), np.array([high]), fraction) == value


@modest
@given(low=finite, high=finite, at=st.floats(0, 1, exclude_max=True))
def test_any_way_through_a_range_of_floats_ends_inside(low: float, high: float, at: float) -> None:
    low, high = min(low, high), max(low, high)
    assert low <= along(np.array([low]), np.array([high]), np.array([at]))[0] <= high


# --- speed ------------------------------------------------------------------------------------------------------


def test_a_million_rows_take_seconds() -> None:
    values = np.random.default_rng(0).normal(0, 1e6, 1_000_000).astype(np.int64)
    start = perf_counter()
    quantiles = fit(values)
    assert len(quantiles.decode(quantiles.encode(values))) == len(values)
    assert perf_counter() - start < 4  # 0.6 s on an idle machine


def test_a_restriction_of_thousands_of_pieces_is_not_slow() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1e6, 200_000).astype(np.int64)
    quantiles = fit(values)
    wanted = np.unique(values)[::20].tolist()
    encoded = quantiles.encode(values)[:50_000]
    start = perf_counter()
    drawn = quantiles.decode(encoded, [(value, value) for value in wanted])
    assert perf_counter() - start < 1  # 0.05 s on an idle machine
    assert np.isin(drawn[encoded[:, 0] >= len(quantiles.atoms)], wanted).all()


def test_values_of_subjects_with_several_rows_keep_many_levels() -> None:
    rng = np.random.default_rng(0)
    whose = np.repeat(np.arange(900), 3)
    ages = np.repeat(np.where(rng.random(900) < 0.2, rng.integers(0, 18, 900), rng.integers(18, 95, 900)), 3)
    for values in (ages, np.repeat(rng.lognormal(0, 1, 900), 3)):
        quantiles = Quantiles.fit(values, np.random.default_rng(0), Subjects(len(whose), whose))
        assert len(quantiles.lows) + len(quantiles.atoms) >= 60
        levels = np.searchsorted(quantiles.highs, values[~np.isin(values, quantiles.atoms)])
        people = pd.Series(whose[~np.isin(values, quantiles.atoms)]).groupby(levels).nunique()
        assert people.min() >= 5
        back = quantiles.decode(quantiles.encode(values))
        assert np.abs(back - values).mean() < 0.1 * values.std()
