"""The sampler in numpy against the network in Keras that it draws from."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from synthdata.blocks import Binned, Categorical, Scale
from synthdata.models.tabular.comparisons import Comparisons
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import SymbolTable, columns_of
from synthdata.models.tabular.transformer import sampler as column_sampler
from synthdata.models.tabular.transformer.model import Transformer, weight_shapes
from synthdata.models.tabular.transformer.network import TransformerNetwork
from synthdata.models.tabular.transformer.sampler import Biases, ColumnSampler, Known, RowMasks

LAYOUT = {
    "few": Categorical(3),
    "amount": Binned(2, 5, 4, scale=Scale("number", (7, 0, 5, 10, 15, 17), (7, 5, 10, 15, 17, 20))),  # or missing
    "only": Categorical(1),
    "wide": Categorical(320),
    "more": Categorical(20, Scale("number", tuple(range(20)), tuple(range(20)))),
}
COLUMNS = columns_of(LAYOUT)
COMPARISONS = Comparisons.of(LAYOUT, [(1, 4), (4, 1)])
ROWS = 500


@pytest.fixture(scope="module")
def trained():
    """A network with weights that are nowhere zero, the rows it starts from, and its sampler."""
    rng = np.random.default_rng(0)
    symbols = np.zeros((ROWS, len(COLUMNS), 2), np.int32)
    for i, column in enumerate(COLUMNS):
        symbols[:, i, 0] = rng.integers(0, column.coarse, ROWS)
        fine = rng.integers(0, column.fine, ROWS)
        symbols[:, i, 1] = np.where(symbols[:, i, 0] >= column.first, fine, 0)
    table = SymbolTable(COLUMNS)
    frequencies = Frequencies.of(table, symbols)
    model = TransformerNetwork(frequencies, COMPARISONS, Transformer(width=16, layers=2, dropout=0.0), seed=0)
    for variable in model.trainable_variables:
        noise = rng.normal(0, 0.3, variable.shape)
        variable.assign(variable + noise.astype(np.float32))
    return model, symbols, ColumnSampler(table, model.export(), COMPARISONS)


def unmasked(sampler: ColumnSampler) -> Biases:
    return Biases(sampler.weights["head_bias"], sampler.weights["fine_bias"])


def log_likelihood(
    sampler: ColumnSampler, symbols: np.ndarray, order: list[int], known: Known | None = None
) -> np.ndarray:
    """Of rows (n, columns, 2), by the sampler's own steps. known: of columns that are given."""
    table, rows = sampler.table, np.arange(len(symbols))
    observed, total = known or Known(sampler, len(symbols)), np.zeros(len(symbols))
    biases = unmasked(sampler)

    def add(logits: np.ndarray, chosen: np.ndarray, where: np.ndarray) -> None:
        logits = logits.astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        total[:] += np.where(where, np.log(shares[rows, chosen] / shares.sum(axis=1)), 0.0)

    for column in order:
        coarse, fine = symbols[:, column, 0], symbols[:, column, 1]
        states = observed.states(column)
        logits = sampler.coarse_logits(column, states, biases, observed.sources(column))
        add(logits, coarse, np.ones(len(symbols), bool))
        if table.columns[column].fine > 1:
            logits = sampler.fine_logits(column, states, coarse + table.starts[column], biases)
            add(logits, fine, coarse >= table.firsts[column])
        observed.add(column, symbols[:, column])
    return total


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [3, 1, 4, 0, 2]])
def test_sampler_and_network_give_rows_the_same_likelihood(trained, order):
    model, symbols, sampler = trained
    ranks = np.tile(np.argsort(order), (ROWS, 1)).astype(np.int32)
    network = model(tf.constant(symbols), tf.constant(ranks)).numpy()
    assert -log_likelihood(sampler, symbols, order).mean() == pytest.approx(network, rel=1e-5)


def masks(table: SymbolTable) -> tuple[np.ndarray, np.ndarray]:
    fine = np.zeros((table.coarse_rows, table.most_fine), np.float32)
    for i, column in enumerate(table.columns):
        fine[table.starts[i] : table.starts[i + 1], column.fine :] = -1e9
    return np.zeros(table.coarse_rows, np.float32), fine


def test_sharing_the_work_of_a_prefix_changes_no_row(trained, monkeypatch):
    _, _, sampler = trained
    uniform = np.random.default_rng(1).random((4000, len(COLUMNS), 2), dtype=np.float32)
    shared = sampler.draw(range(5), uniform, *masks(sampler.table))
    monkeypatch.setattr(column_sampler, "SHARED", 0.0)
    alone = sampler.draw(range(5), uniform, *masks(sampler.table))
    assert (shared == alone).all(axis=(1, 2)).mean() > 0.999  # rounding may move a draw over an edge


def test_draws_follow_the_network(trained):
    """The frequencies of a column's symbols, given those before it, are the network's probabilities."""
    _, _, sampler = trained
    uniform = np.random.default_rng(2).random((40_000, len(COLUMNS), 2), dtype=np.float32)
    symbols = sampler.draw([0, 1, 2, 3, 4], uniform, *masks(sampler.table))
    observed = Known(sampler, 3)
    observed.add(0, np.stack([np.arange(3), np.zeros(3, int)], axis=1))
    logits = sampler.coarse_logits(1, observed.states(1), unmasked(sampler))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for few in range(3):
        drawn = symbols[symbols[:, 0, 0] == few, 1, 0]
        assert np.abs(np.bincount(drawn, minlength=7) / len(drawn) - shares[few]).max() < 0.03


@pytest.mark.parametrize("rows", [4, 4000])
def test_what_is_masked_is_never_drawn(trained, rows):
    _, _, sampler = trained
    coarse, fine = masks(sampler.table)
    coarse[[0, 2]] = -1e9
    uniform = np.random.default_rng(3).random((rows, len(COLUMNS), 2), dtype=np.float32)
    uniform[0], uniform[1] = 0.0, np.nextafter(np.float32(1), np.float32(0))
    symbols = sampler.draw([1, 0, 2, 4, 3], uniform, coarse, fine)
    assert (symbols[:, 0, 0] == 1).all()
    assert (symbols[:, 1, 1] < 4).all()


# --- rows that are filled ---------------------------------------------------------------------------------------------


def patterns(rows: int, share: float = 0.5) -> np.ndarray:
    """Which columns each row knows, its own."""
    return np.random.default_rng(4).random((rows, len(COLUMNS))) < share


def test_a_row_that_is_filled_knows_what_a_row_that_is_drawn_knows(trained):
    """Where the columns that are known are the same for all rows, the states of the network do not differ."""
    _, symbols, sampler = trained
    observed = np.tile([True, False, True, True, False], (ROWS, 1))
    drawn = Known(sampler, ROWS)
    for column in (0, 2, 3):
        drawn.add(column, symbols[:, column])
    for column in (1, 4):
        filled = Known.of(sampler, symbols, observed)
        assert filled.states(column) == pytest.approx(drawn.states(column), abs=1e-5)


def test_each_row_is_told_what_it_knows_and_nothing_else(trained):
    _, symbols, sampler = trained
    observed = patterns(ROWS)
    observed[:, 1] = False
    states = Known.of(sampler, symbols, observed).states(1)
    for kind in np.unique(observed, axis=0):
        rows = np.flatnonzero((observed == kind).all(axis=1))
        alone = Known.of(sampler, symbols[rows], observed[rows]).states(1)
        assert states[rows] == pytest.approx(alone, abs=1e-5)


def test_rows_of_which_nothing_is_known_are_drawn_as_any_others(trained):
    _, _, sampler = trained
    uniform = np.random.default_rng(5).random((3000, len(COLUMNS), 2), dtype=np.float32)
    blank = np.zeros((3000, len(COLUMNS), 2), np.int32)
    filled = sampler.fill([2, 0, 4, 1, 3], blank, np.zeros((3000, 5), bool), uniform, *masks(sampler.table))
    drawn = sampler.draw([2, 0, 4, 1, 3], uniform, *masks(sampler.table))
    assert (filled == drawn).all(axis=(1, 2)).mean() > 0.999  # rounding may move a draw over an edge


def test_what_is_known_stays_and_later_columns_count(trained):
    """A column's symbols, given one that comes after it in the order, are drawn by the network's probabilities."""
    _, _, sampler = trained
    rows = 30_000
    symbols = np.zeros((rows, len(COLUMNS), 2), np.int32)
    symbols[:, 4, 0] = np.arange(rows) % 3
    observed = np.tile([False, False, False, False, True], (rows, 1))
    uniform = np.random.default_rng(6).random((rows, len(COLUMNS), 2), dtype=np.float32)
    filled = sampler.fill([0, 1, 2, 3, 4], symbols, observed, uniform, *masks(sampler.table))
    assert (filled[:, 4] == symbols[:, 4]).all()
    logits = sampler.coarse_logits(0, Known.of(sampler, symbols[:3], observed[:3]).states(0), unmasked(sampler))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for given in range(3):
        drawn = filled[symbols[:, 4, 0] == given, 0, 0]
        assert np.abs(np.bincount(drawn, minlength=3) / len(drawn) - shares[given]).max() < 0.03


def test_a_cell_that_is_known_and_drawn_tells_the_others_what_it_was(trained):
    """Each such cell is drawn as if it were the only one of its row."""
    _, symbols, sampler = trained
    observed, lacking = np.ones((ROWS, len(COLUMNS)), bool), patterns(ROWS)
    uniform = np.random.default_rng(8).random((ROWS, len(COLUMNS), 2), dtype=np.float32)
    adds = masks(sampler.table)
    filled = sampler.fill(range(5), symbols, observed, uniform, *adds, missing=lacking)
    for column in range(5):
        others = observed.copy()
        others[:, column] = ~lacking[:, column]
        alone = sampler.fill(range(5), symbols, others, uniform, *adds)
        assert (filled[:, column] == alone[:, column]).all(axis=1).mean() > 0.99  # rounding may move a draw


def test_what_a_row_forbids_is_not_drawn_for_it(trained):
    _, symbols, sampler = trained
    observed = patterns(ROWS, 0.3)
    which = np.arange(ROWS) % 2
    few, wide = np.zeros((2, 3), np.float32), np.zeros((2, 10), np.float32)
    few[0, [0, 2]], wide[1, 5:] = -1e9, -1e9
    inner = np.zeros((2, 10, 32), np.float32)
    inner[1, :, 1:] = -1e9
    own = {0: RowMasks(which, few, None), 3: RowMasks(which, wide, inner)}
    uniform = np.random.default_rng(7).random((ROWS, len(COLUMNS), 2), dtype=np.float32)
    filled = sampler.fill(range(5), symbols, observed, uniform, *masks(sampler.table), own)
    assert (filled[observed] == symbols[observed]).all()
    assert (filled[~observed[:, 0] & (which == 0), 0, 0] == 1).all()
    odd = filled[~observed[:, 3] & (which == 1), 3]
    assert odd[:, 0].max() < 5
    assert (odd[:, 1] == 0).all()
    assert filled[~observed[:, 3] & (which == 0), 3, 1].max() > 20


def test_values_that_a_row_makes_unlikely_beyond_doubt_are_not_drawn(trained):
    _, _, sampler = trained
    frequency = np.full(sampler.table.coarse_rows, 0.2, np.float32)  # of each symbol, as far as the sampler knows
    known = ColumnSampler(sampler.table, {**sampler.weights, "coarse_log": np.log(frequency)}, COMPARISONS)
    uniform = np.random.default_rng(0).random((20_000, len(COLUMNS), 2), dtype=np.float32)
    every, kept = (known.draw(range(5), uniform, *masks(sampler.table), lift) for lift in (0.0, 0.5))
    for value in np.unique(kept[:, 0, 0]):
        shares = [np.bincount(each[each[:, 0, 0] == value, 1, 0], minlength=7) for each in (every, kept)]
        given = shares[0] / shares[0].sum()
        assert not shares[1][given < 0.08].any()  # half of .2, and some noise
        assert (shares[1][given > 0.12] > 0).all()
    assert (np.isin(every[:, 3, 0], kept[:, 3, 0])).mean() < 1  # of 320 values most have less than half of .2


@pytest.mark.parametrize("order", [[2, 3, 4], [4, 3, 2]])
def test_given_columns_are_known_from_the_first_on_and_cost_nothing(trained, order):
    _, symbols, _ = trained
    table, comparisons = SymbolTable(COLUMNS, given=2), Comparisons.of(LAYOUT, [(4, 1)])
    settings = Transformer(width=16, layers=2, dropout=0.0)
    model = TransformerNetwork(Frequencies.of(table, symbols), comparisons, settings, seed=0)
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape).astype(np.float32))
    sampler = ColumnSampler(table, model.export(), comparisons)
    assert {name: weight.shape for name, weight in model.export().items()} == {
        name: shape for name, shape in weight_shapes(table, settings, 1).items() if not name.endswith("_log")
    }
    ranks = np.tile([0, 1, *(2 + np.argsort(order))], (ROWS, 1)).astype(np.int32)
    network = model(tf.constant(symbols), tf.constant(ranks)).numpy()
    known = Known.of(sampler, symbols[:, :2], np.ones((ROWS, 2), bool))
    likelihood = log_likelihood(sampler, symbols, order, known)
    assert model.frequencies.loss_weights[:2].tolist() == [0, 0]
    assert -likelihood.mean() == pytest.approx(network, rel=1e-5)
