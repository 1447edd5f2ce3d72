"""Keys and rare values repeated: synthetic cells that are real values of few subjects.

Keys and personal data are compared as text, since no other metric compares them. For other columns of many values,
held-out rows of other subjects show how often a real value is met by chance; of quantities also how close to each other
real values are: where nearly every day occurs, any day is one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.evaluation.privacy.copies import UNCOMPARED
from synthdata.evaluation.privacy.statistics import Share, effective_rows, improbable, share_of
from synthdata.evaluation.score import Score
from synthdata.fields.base import Field
from synthdata.fields.comparison import Categories, Numeric
from synthdata.remarks import looks_identifying
from synthdata.schema import Schema
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["key_overlap"]

FEW_VALUES = 20  # a column of no more distinct values has no keys
FEWEST_HELD_OUT = 50
NAMED = 5  # columns in the note
KEY_MARGIN = 0.001  # what names a subject should not be met at all
MARGIN = 0.02
AROUND = 5  # real values on either side of a synthetic one
LONG = 8  # characters of what looks like a key
KEY_LABEL = "Real keys among synthetic rows (worst column)"  # the metric's own label says less: any rare value
LIMIT = f"at most {MARGIN:g} above held-out rows, or not significant; of keys and personal data {KEY_MARGIN:g}"


@dataclass(frozen=True)
class _Column:
    """One column: how many synthetic cells are real values of few subjects, and how many are to be expected.

    expected: by chance; None where nothing says so, and nothing is judged. is_key: whether its values name subjects.
    control: of held-out cells.
    """

    name: str
    share: Share
    expected: float | None
    failed: bool
    is_key: bool
    control: Share | None

    @property
    def summary(self) -> str:
        """For a note; no cell is named."""
        chance = "" if self.expected is None else f" (by chance {self.expected:.3f})"
        return f"{self.name} {self.share.value:.3f}{chance}"


def key_overlap(schema: Schema, frames: Mapping[str, pd.DataFrame], numbers: Mapping[str, np.ndarray]) -> Score | None:
    """Compare the columns of "train", "synthetic" and perhaps "holdout" rows, of the schema's types.

    numbers: of the subjects of training and held-out rows; none where each row is its own. None without such a column.
    """
    if any(not len(frame) for frame in frames.values()):
        return None
    # running numbers, and numbers that name subjects, count up from 1 in any table
    fields = {name: field for name, field in schema.fields.items() if not _is_counted(name, field, schema, frames)}
    found = [_column(name, each, frames, numbers) for name, each in fields.items()]
    columns = [column for column in found if column is not None]
    if not columns:
        return None
    columns.sort(key=lambda each: (not each.failed, not each.is_key, (each.expected or 0.0) - each.share.value))
    worst = columns[0]
    named = [column for column in columns if column.failed] or columns
    note = ", ".join(column.summary for column in named[:NAMED] if column.share.value > 0)
    interval, held = worst.share.interval(), worst.control.value if worst.control else None
    if all(column.expected is None for column in columns):
        note = f"{note}; {UNCOMPARED}" if note else UNCOMPARED
    values = {"synthetic": worst.share.value, "holdout": held}
    score = Score.anchored("key_overlap", values, interval=interval, note=note)
    score = replace(score, label=KEY_LABEL) if worst.is_key else score
    return score if all(column.expected is None for column in columns) else score.judged(worst.failed, LIMIT)


def _column(
    name: str, field: Field, frames: Mapping[str, pd.DataFrame], numbers: Mapping[str, np.ndarray]
) -> _Column | None:
    """Measure one column; None if it holds no keys, or nothing can be said of it."""
    cells = {side: _cells(field, frame[name]) for side, frame in frames.items()}
    real, made, held = cells["train"], cells["synthetic"], cells.get("holdout")
    if real is None or made is None:
        return None
    if field.is_public:
        return None
    is_key = field.copied_is_leak or (real.dtype == object and _look_like_keys(real))
    is_key = is_key or looks_identifying(frames["train"][name].dropna(), name, field)
    subjects = Subjects(len(real), numbers.get("train"))
    counts = subjects.count_values(real)
    if not len(counts) or (len(counts) <= FEW_VALUES and not is_key):
        return None
    is_known = subjects.numbers is not None
    few = counts.index if is_key and not is_known else counts.index[counts < THRESHOLD]
    there = made.notna()
    if not len(few) or not there.any():
        return None
    source = pd.Series(subjects.each[real.notna().to_numpy()], index=real.dropna().to_numpy())
    source = source[~source.index.duplicated()].loc[few]
    share = _share(made[there], source)
    # where a subject's rows are on both sides, held-out cells say nothing of chance
    tells = held is not None and held.notna().sum() >= FEWEST_HELD_OUT
    control: Share | None = None
    if held is not None and tells and (is_known or not is_key or int(counts.max()) == 1):
        present = held.notna()
        whose = Subjects(len(held), numbers.get("holdout"))[present.to_numpy()]
        control = _share(held[present], source, whose)
    if field.copied_is_leak:
        expected = max(control.value if control else 0.0, _met_by_chance(field, len(counts)))
        beyond = expected == 0 or improbable(share.value * share.rows, share.rows, expected)
        return _Column(name, share, expected, share.value - expected > KEY_MARGIN and beyond, is_key, control)
    if control is not None:
        expected = max(control.value, 0.0 if is_key else _crowded(frames, name, field, few))
        failed = share.value - expected > MARGIN and share.exceeds(control)
        return _Column(name, share, expected, failed, is_key, control)
    if is_key:
        return _Column(name, share, 0.0, share.value > MARGIN, is_key, None)
    return _Column(name, share, None, False, is_key, None) if real.dtype == object else None


def _crowded(frames: Mapping[str, pd.DataFrame], name: str, field: Field, few: pd.Index) -> float:
    """How often a smooth distribution meets some real values of a quantity, since they lie close; 0 of other columns.

    The mean over synthetic cells of the share of units around them, to the nearest values on either side, that are such
    values.
    """
    measure = field.measure(frames["train"][name].dropna())
    if measure is None or not measure.step:
        return 0.0
    view = field.comparison(frames["train"][name])
    assert isinstance(view, Numeric)
    known = frames["train"][name][np.isin(view.values, few.to_numpy())]
    real, made = (np.unique(measure.units(known)), measure.units(frames["synthetic"][name].dropna()))
    place = np.searchsorted(real, made)
    low, high = np.maximum(place - AROUND, 0), np.minimum(place + AROUND, len(real) - 1)
    width = np.maximum(real[high], made) - np.minimum(real[low], made) + 1
    return float(np.minimum((high - low + 1) / width, 1.0).mean())


def _is_counted(name: str, field: Field, schema: Schema, frames: Mapping[str, pd.DataFrame]) -> bool:
    return field.is_running or (name in schema.subject and isinstance(field.comparison(frames["train"][name]), Numeric))


def _cells(field: Field, column: pd.Series) -> pd.Series | None:
    """Numbers as float64, categories and what is not compared as text; None for images and texts."""
    view = field.comparison(column)
    match view:
        case Numeric(values):
            return pd.Series(values)
        case Categories(values):
            return pd.Series(values, dtype=object)
        case None:
            text = column.astype(object).reset_index(drop=True)
            return text.where(text.isna(), text.astype(str)).astype(object)
        case _:
            return None


def _share(cells: pd.Series, source: pd.Series, whose: Subjects | None = None) -> Share:
    """The share of present cells that are values of `source`, which names the subject that shows each."""
    hit = cells.isin(source.index).to_numpy(bool)
    worth = effective_rows(len(cells), source.loc[cells[hit]].to_numpy())
    if whose is not None:
        worth = min(worth, share_of(hit, whose).rows)
    return Share(float(hit.mean()), worth)


def _met_by_chance(field: Field, values: int) -> float:
    """The share that the training rows have of all values that the field could make."""
    return min(values / field.possible_values, 1.0) if field.possible_values else 0.0


def _look_like_keys(cells: pd.Series) -> bool:
    """Whether nearly all values are long and mostly digits, and neither dates nor amounts: accounts, cards, phones."""
    values = pd.Series(cells.dropna().unique()).astype(str)
    if not len(values):
        return False
    plain = values.str.replace(r"[\s./-]", "", regex=True)
    digits = plain.str.count(r"\d")
    other = values.str.match(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}|-?[\d,]+\.\d+$")
    return bool(((plain.str.len() >= LONG) & (2 * digits >= plain.str.len()) & ~other).mean() > 0.9)
