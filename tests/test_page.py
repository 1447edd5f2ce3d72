from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from synthdata.evaluation.html.page import render
from synthdata.evaluation.report import Bars, ColumnScore, Curve, PairScore, Report
from synthdata.evaluation.score import Score

NASTY = "<script>alert('x')</script> \"quoted\" & 🦊 " + "long" * 40
A_YEAR = 3.15e13  # microseconds


def column(name: str, score: float | None, bars: Bars, missing: float = 0.0) -> ColumnScore:
    return ColumnScore(name, "number" if bars.edges else "category", "TV", score, 0.99, missing, missing, bars, 0.01)


def histogram(bars: int = 30, *, is_time: bool = False) -> Bars:
    step = A_YEAR / bars if is_time else 1.5
    edges = tuple(1.6e15 * is_time + step * i for i in range(bars + 1))
    return Bars((1 / bars,) * bars, (1 / bars,) * bars, edges=edges, is_time=is_time)


def labels(count: int, text: str = "label") -> Bars:
    return Bars((1 / count,) * count, (1 / count,) * count, labels=tuple(f"{text} {i}" for i in range(count)))


def wide(count: int) -> Report:
    names = [f"column {i} {NASTY}"[:200] for i in range(count)]
    columns = [
        column(name, 0.5 + i / 100, histogram() if i % 2 else labels(12, NASTY), 0.1) for i, name in enumerate(names)
    ]
    line = Curve("synthetic", tuple(i / 200 for i in range(200)), tuple(i / 200 for i in range(200)))
    return Report(
        name="wide",
        target=names[0],
        rows={"train": 1_234_567, "holdout": 500, "synthetic": 1000},
        sampled={"train": 20_000, "holdout": 500, "synthetic": 1000},
        scores=(
            Score.of("shapes", 0.9, ceiling=0.99).held_to(0.8),
            Score.of("c2st_auc", 0.7, ceiling=0.5, floor=0.95, interval=(0.65, 0.75)),
            Score.of("tstr", 0.8, ceiling=0.9, floor=0.5),
            replace(Score.of("copies", 0.01, ceiling=0.0), passed=False, limit="none"),
        ),
        columns=tuple(columns),
        pairs=tuple(PairScore(a, b, "correlation", 0.8, 0.95) for a, b in combinations(names, 2)),
        roc=(line, replace(line, label="held-out")),
        distances=(line, replace(line, label="held-out")),
        history=(replace(line, label="training"), replace(line, label="validation")),
        notes=(f"Note {NASTY}",),
    )


@pytest.fixture(scope="module")
def report() -> Report:
    return wide(48)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def bare(**changes: object) -> Report:
    nothing = Report("bare", None, {"train": 3, "synthetic": 3}, {"train": 3, "synthetic": 3}, (), (), ())
    return replace(nothing, **changes)  # type: ignore[arg-type]


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(r"https?://|url\((?!#)|@import", without_namespaces)
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b", page, flags=re.IGNORECASE)
    assert all(target.startswith("#") for target in re.findall(r'(?:href|src)="([^"]*)"', page))


def test_texts_of_the_data_are_escaped(page: str) -> None:
    assert NASTY not in page
    assert f"Note {html.escape(NASTY).replace('&quot;', '&#34;').replace('&#x27;', '&#39;')}" in page


def test_every_column_is_named(report: Report, page: str) -> None:
    seen = html.unescape(page)
    assert all(column.name in seen for column in report.columns)


def test_columns_past_those_that_are_drawn_are_in_the_table() -> None:
    many = wide(70)
    page = html.unescape(render(many))
    assert "And 10 more in the table." in page
    assert all(column.name in page for column in many.columns)


def test_forty_eight_columns_weigh_less_than_three_megabytes(page: str) -> None:
    assert len(page.encode()) < 3_000_000


def test_the_same_report_gives_the_same_bytes(report: Report, page: str) -> None:
    assert render(report) == page


def test_no_two_elements_have_the_same_id(page: str) -> None:
    ids = Counter(re.findall(r'\bid="([^"]*)"', page))
    assert ids.most_common(1)[0][1] == 1
    assert {target[1:] for target in re.findall(r'href="(#[^"]*)"', page)} <= set(ids)


def test_every_picture_has_a_text_in_its_place(page: str) -> None:
    assert all('aria-label="' in tag or "aria-hidden" in tag for tag in re.findall(r"<svg[^>]*>", page))
    assert all('aria-label="' in tag for tag in re.findall(r'<[^>]*role="img"[^>]*>', page))


def test_colours_are_the_page_s_so_that_dark_works(page: str) -> None:
    body = page[page.index("</style>") :]
    assert not re.search(r"(fill|stroke): ?#[0-9a-f]{3,6}\b", body)


def test_a_score_that_was_not_measured_says_so_and_why() -> None:
    anchored = Score.of("dcr_share", None, ceiling=0.5, note="not measured: no holdout rows")
    page = render(bare(scores=(anchored,)))
    body = page[page.index("</style>") :]
    assert "not measured" in body
    assert "No holdout rows" in body
    assert not re.search(r"\d\.\d{3}", body)


@pytest.mark.parametrize(
    ("scores", "headline"),
    [
        ((), "Measured in part"),
        ((Score.of("shapes", 0.9).held_to(0.8),), "✓ Passed"),
        ((Score.of("shapes", 0.7).held_to(0.8), Score.of("tstr", 0.9)), "✗ Missed 1 of 1 requirement"),
        ((Score.of("tstr", None).held_to(0.8),), "✗ Missed 1 of 1 requirement"),
        ((replace(Score.of("copies", 0.1), passed=False),), "! 1 alarm"),
        (
            (Score.of("shapes", 0.9).held_to(0.8), replace(Score.of("nndr", 0.1), passed=False)),
            "✓ Passed, with 1 alarm",
        ),
    ],
)
def test_the_verdict_stands_first(scores: tuple[Score, ...], headline: str) -> None:
    page = render(bare(scores=scores))
    assert page.index(f"<strong>{headline}</strong>") < page.index('<section id="fidelity"')


def test_on_every_track_right_is_better() -> None:
    cases = (("shapes", 0.6, 0.8, 0.9), ("c2st_auc", 0.8, 0.6, 0.5), ("copies", 0.02, 0.01, 0.0))
    for name, worse, better, ceiling in cases:
        places = []
        for value in (worse, better):
            page = render(bare(scores=(Score.of(name, value, ceiling=ceiling),)))
            places.append(float(re.findall(r'class="mark value" style="left:([\d.]+)%', page)[0]))
        assert places[0] < places[1], name


def test_numbers_are_rounded_but_never_to_nothing() -> None:
    page = html.unescape(render(bare(scores=(Score.of("copies", 0.0001), Score.of("tstr", 0.87654)))))
    assert "< 0.001" in page
    assert "0.877" in page


def test_rows_have_thousands_separators(page: str) -> None:
    assert "1,234,567 training rows, 20,000 of them compared" in page


def test_a_time_axis_shows_dates() -> None:
    page = render(bare(columns=(column("when", 0.9, histogram(is_time=True)),)))
    assert "<span>2020-09-13</span><span>2021-09-13</span>" in page


def test_columns_without_values_or_width_are_drawn_without_complaint() -> None:
    columns = (
        column("empty", None, Bars((), ())),
        column("constant", 1.0, Bars((1.0,), (1.0,), edges=(5.0, 5.0))),
        column("", 0.9, labels(1, " ")),
    )
    page = render(bare(columns=columns))
    assert "No values to draw." in page
    assert "(empty)" in page
    assert "nan" not in page[page.index("</style>") :]
