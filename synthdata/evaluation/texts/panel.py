"""Text fields in a report: scores beside those of held-out texts, and some beside the nearest real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from synthdata.distances import frechet_distance
from synthdata.evaluation.features import Table
from synthdata.evaluation.neighbourhoods import kernel_distance
from synthdata.evaluation.privacy.attacks import Share, effective_rows, share_of
from synthdata.evaluation.privacy.panel import NO_HOLDOUT, UNCOMPARED
from synthdata.evaluation.report import Beside, Score, TextPairs
from synthdata.evaluation.texts.ngrams import Runs, character_runs, copies, distinct, longest_copy, novelty, word_runs
from synthdata.fields.comparison import Texts
from synthdata.subjects import Subjects

__all__ = ["MOST_LABELS", "Side", "compare_texts", "sides_of"]

LEARNED = 20_000  # texts that a classifier is trained on
VECTORS = 5000  # texts that the sentence vectors are learned from
LOOKED_AT = 2000  # whose vectors are compared
COPIES_SOUGHT = 20_000  # synthetic texts among which copies are sought
FEWEST = 50
FEWEST_OF_A_LABEL = 10  # texts, for a share of them to mean anything
MOST_LABELS = 100
WIDTH = 64  # of sentence vectors
TERMS = 20_000
GRAM = 8  # words
PAIRS = 10  # of a synthetic and a real text, that are shown
CANDIDATES = 100  # texts from which those are picked that are shown alone

# what is large enough to matter, beyond chance
NOVELTY_MARGIN = 0.05
COPIES_MARGIN = 0.01


@dataclass(frozen=True)
class Side:
    """One table: its texts of one field, and the labels they are told by, (n,) float64; empty without labels.

    lengths: in characters, of all rows, (n,) float64; -1 where the text is missing. whose: the number of each text's
    subject, (n,) int64; None where each is its own.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    lengths: np.ndarray
    whose: np.ndarray | None = None

    def subjects(self, rows: int) -> Subjects:
        """Whose so many texts are."""
        count = min(rows, len(self.texts))
        return Subjects(count, None if self.whose is None else self.whose[:count])

    def first(self, rows: int) -> Sequence[str]:
        """So many texts."""
        return self.texts[:rows]

    def labelled(self, rows: int) -> tuple[list[str], np.ndarray]:
        """So many texts that have a label, and the labels (n,) int64."""
        known = np.flatnonzero(~np.isnan(self.labels))[:rows]
        return [self.texts[i] for i in known.tolist()], self.labels[known].astype(np.int64)


def sides_of(
    texts: Mapping[str, Texts],
    tables: Mapping[str, Table],
    column: int | None,
    labels: int,
    rng: np.random.Generator,
) -> dict[str, Side]:
    """The sides "train", "synthetic" and perhaps "holdout", in random order; missing texts are left out.

    Labels that training never showed count as none.
    """
    result = {}
    for name, table in tables.items():
        values = texts[name].values
        lengths = np.array([-1 if text is None else len(text) for text in values], np.float64)
        there = rng.permutation(np.flatnonzero(lengths >= 0))
        codes = np.empty(0) if column is None else table.values[there, column]
        whose = None if table.numbers is None else table.numbers[there]
        result[name] = Side(tuple(values[there].tolist()), np.where(codes < labels, codes, np.nan), lengths, whose)
    return result


def compare_texts(
    field: str,
    sides: Mapping[str, Side],
    labels: tuple[str, ...],
    rng: np.random.Generator,
    *,
    show_real: bool = False,
) -> tuple[list[Score], list[TextPairs]]:
    """Score the texts of one field. labels: what the codes of `Side.labels` mean; empty without labels.

    show_real: whether synthetic texts are shown beside real ones, and those too that are copies of real ones.
    """
    small = [name for name, side in sides.items() if len(side.texts) < FEWEST]
    if small:
        note = f"not measured: {field} has fewer than {FEWEST} texts in the {' and '.join(small)} rows"
        return [Score.of("text_kernel", None, note=note)], []
    vectors = _Vectors.of(sides["train"].first(VECTORS), int(rng.integers(2**31)))
    scores = [*_alike(field, sides, vectors), *_words(field, sides)]
    if labels:
        scores += _labelled(field, sides, rng)
    return scores, [(_pairs if show_real else _alone)(field, sides, labels, vectors)]


@dataclass(frozen=True)
class _Vectors:
    """Sentence vectors: frequencies of words, pairs of words and stretches of characters, turned to few directions.

    Latent semantic analysis (Deerwester et al. 1990) of the training texts.
    """

    counted: Sequence[Any]
    directions: np.ndarray  # (terms, width) float32

    @classmethod
    def of(cls, texts: Sequence[str], seed: int) -> _Vectors:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        least = 2 if len(texts) >= FEWEST * 4 else 1
        counting = partial(TfidfVectorizer, min_df=least, max_features=TERMS, sublinear_tf=True, dtype=np.float32)
        counted = []
        for each in (
            counting(ngram_range=(1, 2), token_pattern=r"\w+"),
            counting(analyzer="char_wb", ngram_range=(3, 3)),
        ):
            try:
                counted.append(each.fit(texts))
            except ValueError:  # no term, or none that is frequent enough
                continue
        if not counted:
            return cls((), np.zeros((0, 2), np.float32))
        terms = _terms(counted, texts)
        width = min(WIDTH, len(texts) - 1, terms.shape[1] - 1)
        if width < 2:
            return cls(counted, np.eye(terms.shape[1], 2, dtype=np.float32))
        return cls(counted, randomized_svd(terms, width, n_iter=2, random_state=seed)[2].T)

    def look(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: (n, width) float32."""
        if not self.counted:
            return np.zeros((len(texts), 2), np.float32)
        return np.asarray(_terms(self.counted, texts) @ self.directions, np.float32)


def _terms(counted: Sequence[Any], texts: Sequence[str]) -> Any:
    from scipy.sparse import hstack  # type: ignore[import-untyped]

    return hstack([each.transform(texts) for each in counted], format="csr")


def _alike(field: str, sides: Mapping[str, Side], vectors: _Vectors) -> list[Score]:
    """Vectors, lengths and characters, beside those of as many held-out texts."""
    rows = min(LOOKED_AT, *(len(side.texts) for side in sides.values()))
    seen = {name: vectors.look(side.first(rows)) for name, side in sides.items()}
    middle, spread = seen["train"].mean(axis=0), seen["train"].std(axis=0) + 1e-6
    seen = {name: ((each - middle) / spread).astype(np.float64) for name, each in seen.items()}
    measures: dict[str, Callable[[str], float]] = {
        "text_frechet": lambda name: frechet_distance(seen["train"], seen[name]),
        "text_kernel": lambda name: kernel_distance(seen["train"], seen[name]),
        "text_lengths": lambda name: 1 - _apart(sides["train"].lengths, sides[name].lengths),
        "text_characters": lambda name: 1 - _varied(sides["train"].texts, sides[name].texts),
    }
    held = "holdout" in sides
    notes = {"text_frechet": f"{field}, {rows:,} texts", "text_kernel": f"{field}, {rows:,} texts"}
    return [
        Score.of(name, of("synthetic"), ceiling=of("holdout") if held else None, note=notes.get(name, field))
        for name, of in measures.items()
    ]


def _apart(one: np.ndarray, two: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance."""
    places = np.union1d(one, two)
    shares = [np.searchsorted(np.sort(each), places, side="right") / len(each) for each in (one, two)]
    return float(np.abs(shares[0] - shares[1]).max())


def _varied(one: Sequence[str], two: Sequence[str]) -> float:
    """Total variation distance of the characters."""
    shares = []
    for texts in (one, two):
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        counts = np.bincount(codes, minlength=0x110000)
        shares.append(counts / max(len(codes), 1))
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def _words(field: str, sides: Mapping[str, Side]) -> list[Score]:
    """Variety, and what was learned by heart."""
    sought = {name: side.texts if name == "train" else side.first(COPIES_SOUGHT) for name, side in sides.items()}
    words = dict(zip(sought, word_runs(*sought.values()), strict=True))
    held = sides["holdout"].subjects(COPIES_SOUGHT) if "holdout" in sides else Subjects(0)
    return [_distinct(field, words), _novelty(field, words, held), _copies(field, words, held), _longest(field, sought)]


def _distinct(field: str, words: Mapping[str, Runs]) -> Score:
    """Of as many stretches on either side, since few texts repeat less."""
    found: dict[int, dict[str, float | None]] = {}
    for length in (1, 2, 3):
        most = min(len(each.places(length)) for each in words.values())
        found[length] = {name: distinct(each, length, most) for name, each in words.items() if name != "train"}
    value = found[2]["synthetic"]
    if value is None:
        return Score.of("text_distinct", None, note=f"not measured: {field} has no pairs of words")
    others = "; ".join(
        f"distinct-{length} {found[length]['synthetic'] or 0:.3f}"
        + ("" if found[length].get("holdout") is None else f" (held-out {found[length]['holdout']:.3f})")
        for length in (1, 3)
    )
    return Score.of("text_distinct", value, ceiling=found[2].get("holdout"), note=f"{field}; {others}")


def _novelty(field: str, words: Mapping[str, Runs], subjects: Subjects) -> Score:
    value, rows = novelty(words["synthetic"], words["train"], GRAM)
    if value is None:
        return Score.of("text_novelty", None, note=f"not measured: {field} has no {GRAM} words in a row")
    note = f"{field}, {rows:,} texts of at least {GRAM} words"
    if "holdout" not in words:
        return Score.of("text_novelty", value, note=f"{note}; {UNCOMPARED}")
    held, others = novelty(words["holdout"], words["train"], GRAM)
    score = Score.of("text_novelty", value, ceiling=held, note=note)
    if held is None:
        return score
    # a text is one accident, and all texts of a subject, however many stretches it has
    others = min(others, subjects.people)
    failed = Share(1 - value, rows).exceeds(Share(1 - held, others)) and value < held - NOVELTY_MARGIN
    return replace(score, passed=not failed, limit=f"at least {NOVELTY_MARGIN:g} below held-out rows, or within chance")


def _copies(field: str, words: Mapping[str, Runs], subjects: Subjects) -> Score:
    exact, near = copies(words["synthetic"], words["train"])
    either = exact | near
    note = f"{field}: {exact.mean():.2%} exact, {near.mean():.2%} nearly"
    if "holdout" not in words:
        return Score.of("text_copies", float(either.mean()), note=f"{note}; {UNCOMPARED}")
    theirs = np.logical_or(*copies(words["holdout"], words["train"]))
    attack = Share(float(either.mean()), effective_rows(len(either), words["synthetic"].numbers()[either]))
    worth = min(effective_rows(len(theirs), words["holdout"].numbers()[theirs]), share_of(theirs, subjects).rows)
    control = Share(float(theirs.mean()), worth)
    failed = attack.exceeds(control) and attack.value - control.value > COPIES_MARGIN
    score = Score.of("text_copies", attack.value, ceiling=control.value, interval=attack.interval(), note=note)
    limit = f"at most {COPIES_MARGIN:g} above held-out rows, or within chance"
    return replace(score, passed=not failed, limit=limit)


def _longest(field: str, sought: Mapping[str, Sequence[str]]) -> Score:
    """In as many synthetic texts as are held out: the longest of more is longer."""
    rows = min(len(texts) for name, texts in sought.items() if name != "train")
    train = character_runs(sought["train"])
    found = {
        name: float(longest_copy(character_runs(texts[:rows]), train))
        for name, texts in sought.items()
        if name != "train"
    }
    note = f"{field}, characters, in {rows:,} texts"
    return Score.of("text_longest_copy", found["synthetic"], ceiling=found.get("holdout"), note=note)


def _labelled(field: str, sides: Mapping[str, Side], rng: np.random.Generator) -> list[Score]:
    """Whether texts fit their labels, and teach them.

    Shares right are the mean over labels (balanced accuracy), since a text that says nothing is often right where half
    of the rows have one label; over labels of some texts on either side, since the share of a few is mostly chance.
    """
    told = {name: side.labelled(LEARNED) for name, side in sides.items()}
    asked = [side for name, side in told.items() if name != "train"]
    counts = np.min([np.bincount(codes, minlength=MOST_LABELS + 1) for _, codes in asked], axis=0)
    kept = np.flatnonzero(counts >= FEWEST_OF_A_LABEL)
    if len(kept) < 2 or len(np.unique(told["train"][1])) < 2:
        note = f"not measured: fewer than two labels of {field} have {FEWEST_OF_A_LABEL} texts on either side"
        return [Score.of(name, None, note=note) for name in ("text_agreement", "text_tstr")]
    seed = int(rng.integers(2**31))
    over = f"{field}, mean over {len(kept)} labels"
    real = _Reader.of(*told["train"], seed)
    texts, codes = told["synthetic"]
    guessed = real.guess(texts)
    ceiling, plain = None, ""
    if "holdout" in told:
        held = real.guess(told["holdout"][0])
        ceiling = _right(held, told["holdout"][1], kept)
        plain = f"; of all texts {(guessed == codes).mean():.3f} (held-out {(held == told['holdout'][1]).mean():.3f})"
    agreement = Score.of(
        "text_agreement",
        _right(guessed, codes, kept),
        ceiling=ceiling,
        floor=_right(guessed, rng.permutation(codes), kept),
        note=over + plain,
    )
    if "holdout" not in told:
        return [agreement, Score.of("text_tstr", None, note=NO_HOLDOUT)]
    if len(np.unique(codes)) < 2:
        return [agreement, Score.of("text_tstr", None, note="not measured: all synthetic texts have one label")]
    rows = min(len(texts), len(told["train"][0]))
    asked_texts, truth = told["holdout"]
    learned = _Reader.of(texts[:rows], codes[:rows], seed).guess(asked_texts)
    best = real if rows == len(told["train"][0]) else _Reader.of(told["train"][0][:rows], told["train"][1][:rows], seed)
    return [
        agreement,
        Score.of(
            "text_tstr",
            _right(learned, truth, kept),
            ceiling=_right(best.guess(asked_texts), truth, kept),
            floor=1 / len(kept),
            note=f"{over}; of all texts {(learned == truth).mean():.3f}",
        ),
    ]


def _right(guessed: np.ndarray, truth: np.ndarray, labels: np.ndarray) -> float:
    """The share of right guesses, the mean over labels."""
    return float(np.mean([(guessed[truth == label] == label).mean() for label in labels if (truth == label).any()]))


@dataclass(frozen=True)
class _Reader:
    """A classifier of texts: logistic regression on weighted word frequencies, each label against the rest."""

    counted: Any
    model: Any

    @classmethod
    def of(cls, texts: Sequence[str], labels: np.ndarray, seed: int) -> _Reader:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import SGDClassifier

        counted = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", max_features=TERMS, sublinear_tf=True, dtype=np.float32)
        model = SGDClassifier(
            loss="log_loss", alpha=1e-5, class_weight="balanced", max_iter=10, tol=None, random_state=seed
        )
        try:
            terms = counted.fit_transform(texts)
        except ValueError:  # no words at all
            return cls(None, int(np.bincount(labels).argmax()))
        return cls(counted, model.fit(terms, labels))

    def guess(self, texts: Sequence[str]) -> np.ndarray:
        """The labels of texts: (n,) int64."""
        if self.counted is None:
            return np.full(len(texts), self.model, np.int64)
        found = self.model.predict(self.counted.transform(texts))
        return np.asarray(found, np.int64)


def _pairs(field: str, sides: Mapping[str, Side], labels: tuple[str, ...], vectors: _Vectors) -> TextPairs:
    """Some synthetic texts, each beside the training text whose vector points the same way."""
    made, real = sides["synthetic"], sides["train"]
    one, two = _turned(vectors.look(made.first(PAIRS))), _turned(vectors.look(real.texts))
    nearest = (one @ two.T).argmax(axis=1).tolist()
    pairs = [
        Beside(made.texts[row], real.texts[other], _told(made, row, labels), _told(real, other, labels))
        for row, other in enumerate(nearest)
    ]
    return TextPairs(field, tuple(pairs))


def _alone(field: str, sides: Mapping[str, Side], labels: tuple[str, ...], vectors: _Vectors) -> TextPairs:
    """Some synthetic texts, none of which is a copy, or nearly one, of a training text."""
    made = sides["synthetic"]
    words, known = word_runs(made.first(CANDIDATES), sides["train"].texts)
    new = np.flatnonzero(~np.logical_or(*copies(words, known)))[:PAIRS].tolist()
    return TextPairs(field, tuple(Beside(made.texts[row], None, _told(made, row, labels)) for row in new))


def _told(side: Side, row: int, labels: tuple[str, ...]) -> str:
    """The label of a text, if it is known."""
    return labels[int(side.labels[row])] if len(side.labels) and not np.isnan(side.labels[row]) else ""


def _turned(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, or 0."""
    lengths: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return lengths
