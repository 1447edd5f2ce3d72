"""Text fields in a report: fidelity, utility and privacy of texts, and examples with the nearest real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from synthdata.distances import frechet_distance, kernel_distance, ks_distance, total_variation
from synthdata.evaluation.feature_space import Table
from synthdata.evaluation.limits import KNOWN
from synthdata.evaluation.privacy.copies import UNCOMPARED
from synthdata.evaluation.privacy.panel import NO_HOLDOUT
from synthdata.evaluation.privacy.statistics import Share, effective_rows, share_of
from synthdata.evaluation.report import NearestPair, Panel, TextPairs
from synthdata.evaluation.score import Score
from synthdata.evaluation.tables import MOST_ROWS, Tables
from synthdata.evaluation.texts.classifier import TextClassifier
from synthdata.evaluation.texts.ngrams import (
    HashedTexts,
    KnownTexts,
    copies,
    distinct,
    hashed_characters,
    hashed_words,
    longest_copy,
    novelty,
)
from synthdata.evaluation.texts.vectors import TextVectors
from synthdata.fields.comparison import Texts
from synthdata.subjects import Subjects

__all__ = ["TextSide", "compare_texts", "sides_of", "text_panel"]

LEARNED, LEARNED_CHARACTERS = 20_000, 6_000_000  # texts that a classifier is trained on, and of how many characters
VECTORS, VECTORS_CHARACTERS = 5000, 1_500_000  # texts that the text vectors are fitted to
COMPARED, COMPARED_CHARACTERS = 2000, 1_000_000  # texts of a side whose vectors are compared
COPIES_SOUGHT = 20_000  # synthetic texts among which copies are sought
FEWEST = 50
FEWEST_OF_A_LABEL = 10  # texts, to measure accuracy on
MOST_LABELS = 100
GRAM = 8  # words
PAIRS = 10  # of a synthetic and a real text, that are shown
LEAST_SPREAD = 0.01  # of a direction of text vectors, over that of the widest
CANDIDATES = 100  # texts among which those are found that are shown without a real one

# what is large enough to matter, beyond chance
NOVELTY_MARGIN = 0.05
COPIES_MARGIN = 0.01


@dataclass(frozen=True)
class TextSide:
    """The texts of one field in one table, and their labels (n,) float64; empty without labels.

    lengths: in characters, of all rows, (n,) float64; -1 where the text is missing. whose: the number of each text's
    subject, (n,) int64; None if each row is its own.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    lengths: np.ndarray
    whose: np.ndarray | None = None

    def subjects(self, rows: int) -> Subjects:
        """The subjects of the first `rows` texts."""
        count = min(rows, len(self.texts))
        return Subjects(count, None if self.whose is None else self.whose[:count])

    def limited(self, rows: int) -> TextSide:
        """The first `rows` texts; the lengths of all."""
        whose = None if self.whose is None else self.whose[:rows]
        return replace(self, texts=self.texts[:rows], labels=self.labels[:rows], whose=whose)

    def first(self, rows: int, characters: int | None = None) -> Sequence[str]:
        """The first texts: at most `rows`, and as many as have so many characters together."""
        texts = self.texts[:rows]
        return texts if characters is None else texts[: _fitting(texts, characters)]

    def labelled(self, rows: int, characters: int) -> tuple[list[str], np.ndarray]:
        """The first texts that have a label, as for `first`, and their labels (n,) int64."""
        known = np.flatnonzero(~np.isnan(self.labels))[:rows]
        texts = [self.texts[i] for i in known.tolist()]
        fitting = _fitting(texts, characters)
        return texts[:fitting], self.labels[known[:fitting]].astype(np.int64)


def _fitting(texts: Sequence[str], characters: int) -> int:
    """How many texts have so many characters together; at least `FEWEST`."""
    ends = np.cumsum([len(text) for text in texts])
    return max(int(np.searchsorted(ends, characters, side="right")), FEWEST)


def sides_of(
    texts: Mapping[str, Texts],
    tables: Mapping[str, Table],
    column: int | None,
    labels: int,
    rng: np.random.Generator,
) -> dict[str, TextSide]:
    """The sides "train", "synthetic" and perhaps "holdout", each in random order, without missing texts.

    Labels that training rows do not have count as none.
    """
    result = {}
    for name, table in tables.items():
        values = texts[name].values
        lengths = np.array([-1 if text is None else len(text) for text in values], np.float64)
        there = rng.permutation(np.flatnonzero(lengths >= 0))
        codes = np.empty(0) if column is None else table.values[there, column]
        whose = None if table.subject_ids is None else table.subject_ids[there]
        result[name] = TextSide(tuple(values[there].tolist()), np.where(codes < labels, codes, np.nan), lengths, whose)
    return result


def text_panel(tables: Tables, rng: np.random.Generator, *, show_real: bool = False) -> Panel:
    """Fidelity, utility and privacy of all text fields."""
    column = tables.label_column(MOST_LABELS)
    labels = tables.labels(column)
    panels = []
    for name, texts in tables.texts.items():
        sides = sides_of(texts, tables.rows, column, len(labels), rng)
        scores, shown = compare_texts(name, _limited(sides, tables.most), labels, rng, show_real=show_real)
        panels.append(Panel(scores=tuple(scores), texts=tuple(shown)))
    return Panel.joined(panels)


def _limited(sides: Mapping[str, TextSide], most: int) -> dict[str, TextSide]:
    """The sides with at most so many texts each; `KNOWN` times as many training texts, in which copies are sought.

    Lengths remain those of all rows.
    """
    if most >= MOST_ROWS:
        return dict(sides)
    return {name: side.limited(KNOWN * most if name == "train" else most) for name, side in sides.items()}


def compare_texts(
    field: str,
    sides: Mapping[str, TextSide],
    labels: tuple[str, ...],
    rng: np.random.Generator,
    *,
    show_real: bool = False,
) -> tuple[list[Score], list[TextPairs]]:
    """Measure the texts of one field. labels: the names of the codes in `TextSide.labels`; empty without labels.

    show_real: whether real texts may be shown, and synthetic ones that are copies of real ones.
    """
    small = [name for name, side in sides.items() if len(side.texts) < FEWEST]
    if small:
        why = f"{field} has fewer than {FEWEST} texts in the {' and '.join(small)} rows"
        return [Score.unmeasured("text_kernel", why)], []
    fitted = sides["train"].first(VECTORS, VECTORS_CHARACTERS)
    vectors, found = TextVectors.fit(fitted, int(rng.integers(2**31)))
    words, copied = _words(field, sides)
    scores = [*_similarity(field, sides, vectors, found), *words]
    if labels:
        scores += _labelled(field, sides, rng)
    shown = _pairs(field, sides, labels, vectors) if show_real else _alone(field, sides["synthetic"], copied, labels)
    return scores, [shown]


def _similarity(field: str, sides: Mapping[str, TextSide], vectors: TextVectors, of_train: np.ndarray) -> list[Score]:
    """Vectors, lengths and characters. of_train: the vectors of the first training texts."""
    compared = {name: side.first(COMPARED, COMPARED_CHARACTERS) for name, side in sides.items()}
    rows = min(map(len, compared.values()))
    seen = {
        name: of_train[:rows] if name == "train" else vectors.transform(texts[:rows])
        for name, texts in compared.items()
    }
    middle, spread = seen["train"].mean(axis=0), seen["train"].std(axis=0)
    spread = np.maximum(spread, LEAST_SPREAD * spread.max()) + 1e-6  # few different texts leave directions without any
    seen = {name: ((each - middle) / spread).astype(np.float64) for name, each in seen.items()}
    train, train_characters = sides["train"], _characters(sides["train"].texts)
    metrics: dict[str, Callable[[str], float]] = {
        "text_frechet": lambda name: frechet_distance(seen["train"], seen[name]),
        "text_kernel": lambda name: kernel_distance(seen["train"], seen[name]),
        "text_lengths": lambda name: 1 - ks_distance(train.lengths, sides[name].lengths),
        "text_characters": lambda name: 1 - total_variation(train_characters, _characters(sides[name].texts)),
    }
    notes = {"text_frechet": f"{field}, {rows:,} texts", "text_kernel": f"{field}, {rows:,} texts"}
    others = {name: name for name in sides if name != "train"}
    return [Score.measured(name, metric, others, note=notes.get(name, field)) for name, metric in metrics.items()]


def _characters(texts: Sequence[str]) -> np.ndarray:
    """How often each character occurs: (characters,)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.bincount(codes, minlength=0x110000)


def _words(field: str, sides: Mapping[str, TextSide]) -> tuple[list[Score], np.ndarray]:
    """Variety, and what was memorised; and which of the synthetic texts are copies or near-copies, (n,) bool."""
    sought = {name: side.texts if name == "train" else side.first(COPIES_SOUGHT) for name, side in sides.items()}
    words = dict(zip(sought, hashed_words(*sought.values()), strict=True))
    held = sides["holdout"].subjects(COPIES_SOUGHT) if "holdout" in sides else Subjects(0)
    copied, known = {}, KnownTexts.of(words["train"])
    for name in sought:
        if name != "train":
            copied[name] = copies(words[name], known)
    scores = [_distinct(field, words), _novelty(field, words, held), _copies(field, words, copied, held)]
    return [*scores, _longest(field, sought)], np.logical_or(*copied["synthetic"])


def _distinct(field: str, words: Mapping[str, HashedTexts]) -> Score:
    """Of as many n-grams on either side, since fewer texts repeat less."""
    found: dict[int, dict[str, float | None]] = {}
    for length in (1, 2, 3):
        most = min(len(each.starts_of(length)) for each in words.values())
        found[length] = {name: distinct(each, length, most) for name, each in words.items() if name != "train"}
    value = found[2]["synthetic"]
    if value is None:
        return Score.unmeasured("text_distinct", f"{field} has no pairs of words")
    others = "; ".join(
        f"distinct-{length} {found[length]['synthetic'] or 0:.3f}"
        + ("" if found[length].get("holdout") is None else f" (held-out {found[length]['holdout']:.3f})")
        for length in (1, 3)
    )
    values: dict[str, float | None] = {"synthetic": value, "holdout": found[2].get("holdout")}
    return Score.anchored("text_distinct", values, note=f"{field}; {others}")


def _novelty(field: str, words: Mapping[str, HashedTexts], subjects: Subjects) -> Score:
    value, rows = novelty(words["synthetic"], words["train"], GRAM)
    if value is None:
        return Score.unmeasured("text_novelty", f"{field} has no {GRAM} words in a row")
    note = f"{field}, {rows:,} texts of at least {GRAM} words"
    if "holdout" not in words:
        return Score.of("text_novelty", value, note=f"{note}; {UNCOMPARED}")
    held, others = novelty(words["holdout"], words["train"], GRAM)
    score = Score.anchored("text_novelty", {"synthetic": value, "holdout": held}, note=note)
    if held is None:
        return score
    # a text, and all texts of a subject, are one event, however many n-grams they have
    others = min(others, subjects.people)
    failed = Share(1 - value, rows).exceeds(Share(1 - held, others)) and value < held - NOVELTY_MARGIN
    return score.judged(failed, f"at most {NOVELTY_MARGIN:g} below held-out rows, or not significant")


def _copies(
    field: str,
    words: Mapping[str, HashedTexts],
    copied: Mapping[str, tuple[np.ndarray, np.ndarray]],
    subjects: Subjects,
) -> Score:
    """copied: which texts are copies, and which near-copies, by side."""
    exact, near = copied["synthetic"]
    either = exact | near
    note = f"{field}: {exact.mean():.2%} exact, {near.mean():.2%} nearly"
    if "holdout" not in words:
        return Score.of("text_copies", float(either.mean()), note=f"{note}; {UNCOMPARED}")
    theirs = np.logical_or(*copied["holdout"])
    attack = Share(float(either.mean()), effective_rows(len(either), words["synthetic"].text_hashes()[either]))
    worth = min(effective_rows(len(theirs), words["holdout"].text_hashes()[theirs]), share_of(theirs, subjects).rows)
    control = Share(float(theirs.mean()), worth)
    failed = attack.exceeds(control) and attack.value - control.value > COPIES_MARGIN
    values: dict[str, float | None] = {"synthetic": attack.value, "holdout": control.value}
    score = Score.anchored("text_copies", values, interval=attack.interval(), note=note)
    return score.judged(failed, f"at most {COPIES_MARGIN:g} above held-out rows, or not significant")


def _longest(field: str, sought: Mapping[str, Sequence[str]]) -> Score:
    """In as many synthetic texts as are held out: the longest of more texts is longer."""
    rows = min(len(texts) for name, texts in sought.items() if name != "train")
    train = hashed_characters(sought["train"])
    sides: dict[str, Sequence[str]] = {"synthetic": sought["synthetic"]}
    if "holdout" in sought:
        sides["holdout"] = sought["holdout"]
    note = f"{field}, characters, in {rows:,} texts"

    def longest(texts: Sequence[str]) -> float:
        return float(longest_copy(hashed_characters(texts[:rows]), train))

    return Score.measured("text_longest_copy", longest, sides, note=note)


def _labelled(field: str, sides: Mapping[str, TextSide], rng: np.random.Generator) -> list[Score]:
    """Whether texts fit their labels, and whether a classifier can learn labels from them.

    Accuracy is balanced, the mean over labels, since a text that says nothing is often right if half of the rows have
    one label; over labels with some texts on either side, since the accuracy on a few is mostly chance.
    """
    labelled = {name: side.labelled(LEARNED, LEARNED_CHARACTERS) for name, side in sides.items()}
    asked = [side for name, side in labelled.items() if name != "train"]
    counts = np.min([np.bincount(codes, minlength=MOST_LABELS + 1) for _, codes in asked], axis=0)
    kept = np.flatnonzero(counts >= FEWEST_OF_A_LABEL)
    if len(kept) < 2 or len(np.unique(labelled["train"][1])) < 2:
        why = f"fewer than two labels of {field} have {FEWEST_OF_A_LABEL} texts on either side"
        return [Score.unmeasured(name, why) for name in ("text_agreement", "text_tstr")]
    seed = int(rng.integers(2**31))
    over = f"{field}, mean over {len(kept)} labels"
    real = TextClassifier.fit(*labelled["train"], seed)
    texts, codes = labelled["synthetic"]
    predicted = real.predict(texts)
    ceiling, plain = None, ""
    if "holdout" in labelled:
        held = real.predict(labelled["holdout"][0])
        ceiling = _balanced_accuracy(held, labelled["holdout"][1], kept)
        plain = (
            f"; of all texts {(predicted == codes).mean():.3f} (held-out {(held == labelled['holdout'][1]).mean():.3f})"
        )
    values: dict[str, float | None] = {
        "synthetic": _balanced_accuracy(predicted, codes, kept),
        "holdout": ceiling,
        "chance": _balanced_accuracy(predicted, rng.permutation(codes), kept),
    }
    agreement = Score.anchored("text_agreement", values, note=over + plain)
    if "holdout" not in labelled:
        return [agreement, Score.unmeasured("text_tstr", NO_HOLDOUT)]
    if len(np.unique(codes)) < 2:
        return [agreement, Score.unmeasured("text_tstr", "all synthetic texts have one label")]
    rows = min(len(texts), len(labelled["train"][0]))
    asked_texts, truth = labelled["holdout"]
    learned = TextClassifier.fit(texts[:rows], codes[:rows], seed).predict(asked_texts)
    best = (
        real
        if rows == len(labelled["train"][0])
        else TextClassifier.fit(labelled["train"][0][:rows], labelled["train"][1][:rows], seed)
    )
    values = {
        "synthetic": _balanced_accuracy(learned, truth, kept),
        "real": _balanced_accuracy(best.predict(asked_texts), truth, kept),
        "chance": 1 / len(kept),
    }
    note = f"{over}; of all texts {(learned == truth).mean():.3f}"
    return [agreement, Score.anchored("text_tstr", values, note=note)]


def _balanced_accuracy(predicted: np.ndarray, truth: np.ndarray, labels: np.ndarray) -> float:
    """The mean over labels of the accuracy on texts of that label."""
    return float(np.mean([(predicted[truth == label] == label).mean() for label in labels if (truth == label).any()]))


def _pairs(field: str, sides: Mapping[str, TextSide], labels: tuple[str, ...], vectors: TextVectors) -> TextPairs:
    """Some synthetic texts, each with the training text whose vector has the largest cosine similarity."""
    made, real = sides["synthetic"], sides["train"]
    one, two = _unit(vectors.transform(made.first(PAIRS))), _unit(vectors.transform(real.texts))
    nearest = (one @ two.T).argmax(axis=1).tolist()
    pairs = [
        NearestPair(made.texts[row], real.texts[other], _label(made, row, labels), _label(real, other, labels))
        for row, other in enumerate(nearest)
    ]
    return TextPairs(field, tuple(pairs))


def _alone(field: str, made: TextSide, copied: np.ndarray, labels: tuple[str, ...]) -> TextPairs:
    """Some synthetic texts, none of which is a copy or near-copy of a training text. copied: those that are."""
    new = np.flatnonzero(~copied[:CANDIDATES])[:PAIRS].tolist()
    return TextPairs(field, tuple(NearestPair(made.texts[row], None, _label(made, row, labels)) for row in new))


def _label(side: TextSide, row: int, labels: tuple[str, ...]) -> str:
    """The label of a text, if it is known."""
    return labels[int(side.labels[row])] if len(side.labels) and not np.isnan(side.labels[row]) else ""


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, or 0."""
    lengths: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return lengths
