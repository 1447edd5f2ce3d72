"""What every generator must do, whatever its family."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from short import TABULAR as SHORT

from synthdata.blocks import Binned, Categorical, check_arrays, take
from synthdata.models import FAMILIES, family, settings
from synthdata.models.base import ImputingGenerator, Signature
from synthdata.models.training.plan import Run

ROWS = 2000
LAYOUT = {
    "wide": Categorical(300),
    "colour": Categorical(3),
    "amount": Binned(2, 6, 4),
    "only": Categorical(1),
    "linked": Binned(0, 5, 3, links=2),
}

IMPUTING = [name for name in SHORT if issubclass(family(name), ImputingGenerator)]


def small_table(rows: int = 600) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 3, rows)
    symbol = np.where(rng.random(rows) < 0.3, colour % 2, 2 + rng.integers(0, 5, rows))  # bin 7 never occurs
    return {
        "wide": rng.integers(0, 280, rows),
        "colour": colour,
        "amount": np.stack([symbol, rng.random(rows)], axis=1),
        "only": np.zeros(rows, np.int64),
        "linked": np.stack([rng.integers(0, 5, rows), rng.random(rows) + rng.integers(0, 3, rows)], axis=1),
    }


@pytest.fixture(scope="module")
def fits():
    return cache(
        lambda name: family(name).fit(Signature(LAYOUT), small_table(), settings(name, SHORT[name]), Run(seed=3))
    )


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def fitted(request, fits):
    return request.param, fits(request.param)


@pytest.fixture(scope="module", params=IMPUTING)
def imputing(request, fits):
    return fits(request.param)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def test_samples_fit_the_layout(fitted):
    _, generator = fitted
    assert check_arrays(LAYOUT, generator.sample(rng_of(0), ROWS)) == ROWS


@pytest.mark.parametrize("rows", [1, 7])
def test_any_number_of_rows_can_be_drawn(fitted, rows):
    _, generator = fitted
    assert check_arrays(LAYOUT, generator.sample(rng_of(0), rows)) == rows


def test_the_same_random_stream_gives_the_same_rows(fitted):
    _, generator = fitted
    first, second = generator.sample(rng_of(5), ROWS), generator.sample(rng_of(5), ROWS)
    other = generator.sample(rng_of(6), ROWS)
    assert all(np.array_equal(first[name], second[name]) for name in LAYOUT)
    assert any(not np.array_equal(first[name], other[name]) for name in LAYOUT)


def test_offsets_stay_within_a_bin_and_its_links(fitted):
    _, generator = fitted
    arrays = generator.sample(rng_of(7), ROWS)
    for name, block in LAYOUT.items():
        if isinstance(block, Binned):
            assert ((arrays[name][:, 1] >= 0) & (arrays[name][:, 1] < 1 + block.links)).all()


def test_under_a_condition_links_are_drawn_only_in_bins_it_leaves_something_of(fitted):
    _, generator = fitted
    mask = np.zeros((5, 3), bool)
    mask[2:, 1:] = True
    arrays = generator.sample(rng_of(8), ROWS, allowed={"linked": mask})
    symbol, level = arrays["linked"][:, 0].astype(int), (arrays["linked"][:, 1] * 3).astype(int)
    is_link = arrays["linked"][:, 1] >= 1
    assert mask[symbol[~is_link], level[~is_link]].all()
    assert mask[symbol[is_link]].any(axis=1).all()


def test_a_symbol_that_training_never_showed_never_comes(fitted):
    _, generator = fitted
    arrays = generator.sample(rng_of(1), ROWS)
    assert arrays["amount"][:, 0].max() < 7
    assert set(np.unique(arrays["wide"])) <= set(np.unique(small_table()["wide"]))


def test_every_row_satisfies_every_mask(fitted):
    _, generator = fitted
    amount = np.zeros((8, 4), bool)
    amount[1] = amount[4, 2] = amount[5, :2] = True
    wide = np.zeros(300, bool)
    wide[[17, 120, 121]] = True
    wide &= np.isin(np.arange(300), small_table()["wide"])
    arrays = generator.sample(
        rng_of(2), ROWS, allowed={"amount": amount, "colour": np.array([False, True, False]), "wide": wide}
    )
    symbol = arrays["amount"][:, 0].astype(int)
    level = np.minimum((arrays["amount"][:, 1] * 4).astype(int), 3)
    assert amount[symbol, level].all()
    assert (arrays["colour"] == 1).all()
    assert wide[arrays["wide"]].all()


def test_marginals_come_out_about_right(fitted):
    _, generator = fitted
    table, arrays = small_table(), generator.sample(rng_of(3), ROWS)
    real = np.bincount(table["colour"], minlength=3) / len(table["colour"])
    synthetic = np.bincount(arrays["colour"], minlength=3) / ROWS
    assert np.abs(real - synthetic).sum() / 2 < 0.1


def test_what_is_restored_samples_the_same_rows(fitted):
    _, generator = fitted
    config = json.loads(json.dumps(generator.config()))
    again = type(generator).restore(Signature(LAYOUT), config, generator.weights)
    first, second = generator.sample(rng_of(4), ROWS), again.sample(rng_of(4), ROWS)
    assert all(np.array_equal(first[name], second[name]) for name in LAYOUT)


def test_weights_of_the_wrong_shape_are_refused(fitted):
    _, generator = fitted
    weights = dict(generator.weights)
    name = next(iter(weights))
    weights[name] = weights[name][:0]
    with pytest.raises((ValueError, IndexError)):
        type(generator).restore(Signature(LAYOUT), generator.config(), weights)


def test_a_table_in_which_nothing_changes_can_be_learned(fitted):
    name, _ = fitted
    layout, table = {"a": Categorical(1), "b": Categorical(1)}, {key: np.zeros(50, np.int64) for key in "ab"}
    generator = family(name).fit(Signature(layout), table, settings(name, SHORT[name]), Run(seed=2**31 + 1))
    assert (generator.sample(rng_of(0), 20)["b"] == 0).all()


# --- what fills besides -----------------------------------------------------------------------------------------------


def gaps() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    return {name: rng.random(600) < 0.6 for name in LAYOUT}


def unknown(observed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: ~seen for name, seen in observed.items()}


def test_what_is_known_of_a_row_that_is_filled_stays(imputing):
    arrays, observed = small_table(), gaps()
    filled = imputing.impute(rng_of(0), arrays, observed, unknown(observed), {}, {})
    assert check_arrays(LAYOUT, filled) == 600
    for name, seen in observed.items():
        assert np.array_equal(filled[name][seen], arrays[name][seen])


def test_what_a_row_lacks_is_drawn_within_all_masks_and_its_own(imputing):
    observed, colour = gaps(), np.array([False, True, True])
    which, own = np.arange(600) % 2, np.zeros((2, 300), bool)
    own[0, :50], own[1, 100:140] = True, True
    amount = np.zeros((2, 8, 4), bool)
    amount[0, 3], amount[1, :2], amount[1, 4, 1:3] = True, True, True
    masks = {"wide": (which, own), "amount": (which, amount)}
    filled = imputing.impute(rng_of(1), small_table(), observed, unknown(observed), {"colour": colour}, masks)
    assert set(filled["colour"][~observed["colour"]]) == {1, 2}
    drawn = ~observed["wide"]
    assert own[which[drawn], filled["wide"][drawn]].all()
    drawn = ~observed["amount"]
    symbol, level = filled["amount"][drawn, 0].astype(int), (filled["amount"][drawn, 1] * 4).astype(int)
    assert amount[which[drawn], symbol, level].all()


def test_a_row_that_is_filled_is_a_function_of_its_place(imputing):
    generator, arrays, observed = imputing, small_table(), gaps()
    whole = generator.impute(rng_of(2), arrays, observed, unknown(observed), {}, {})
    first = generator.impute(
        rng_of(2),
        take(arrays, slice(0, 100)),
        take(observed, slice(0, 100)),
        take(unknown(observed), slice(0, 100)),
        {},
        {},
    )
    assert all(np.array_equal(whole[name][:100], first[name]) for name in LAYOUT)


@pytest.mark.parametrize("name", [name for name in SHORT if family(name).takes_condition])
def test_rows_follow_from_blocks_that_are_given(name):
    rng = np.random.default_rng(2)
    given = {
        "owner": rng.integers(0, 4, ROWS),
        "before": np.stack([rng.integers(0, 6, ROWS), rng.random(ROWS)], axis=1),
    }
    table = {"own": np.where(rng.random(ROWS) < 0.95, given["owner"], 3), **small_table(ROWS)}
    signature = Signature({"own": Categorical(4), **LAYOUT}, {"owner": Categorical(4), "before": Binned(1, 5, 3)})
    generator = family(name).fit(
        signature, {**table, **given}, settings(name, SHORT[name] | {"epochs": 12}), Run(seed=3)
    )
    drawn = generator.sample(rng_of(0), ROWS, condition=given)
    assert check_arrays(signature.layout, drawn) == ROWS
    assert np.mean(drawn["own"] == given["owner"]) > 0.85
    again = type(generator).restore(signature, json.loads(json.dumps(generator.config())), generator.weights)
    first = again.sample(rng_of(0), 200, condition=take(given, slice(200)))
    assert all(np.array_equal(first[block], drawn[block][:200]) for block in signature.layout)
    masked = generator.sample(rng_of(1), 300, condition=take(given, slice(300)), allowed={"own": np.arange(4) < 2})
    assert masked["own"].max() < 2
