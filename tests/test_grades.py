"""A report says a word first, what is plainly useless, and what was not measured."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, evaluate
from synthdata.cli.scoring import report_scores
from synthdata.evaluation.grades import FAIR_WAY, GOOD_WAY
from synthdata.evaluation.html.page import render
from synthdata.evaluation.report import LEADS, Masked, Report
from synthdata.evaluation.score import Score
from synthdata.evaluation.summary import section_summary, unmeasured_summary
from synthdata.evaluation.tabular.warnings import unusable
from synthdata.metrics import METRICS

DOCS = (Path(__file__).parents[1] / "docs" / "report.md").read_text()


def bare(*scores: Score) -> Report:
    return Report("bare", None, {"train": 3, "synthetic": 3}, {"train": 3, "synthetic": 3}, scores, (), ())


@pytest.mark.parametrize(
    ("name", "value", "floor", "ceiling", "grade"),
    [
        ("c2st_auc", 0.51, 0.95, 0.5, "good"),
        ("c2st_auc", 0.55, 0.95, 0.5, "good"),
        ("c2st_auc", 0.742, 0.95, 0.5, "fair"),
        ("c2st_auc", 0.742, 0.95, None, "fair"),
        ("c2st_auc", 0.93, 0.95, 0.5, "poor"),
        ("c2st_auc", 0.55, 0.52, 0.5, "good"),  # no way to go: by steps
        ("c2st_auc", 0.9, 0.52, 0.5, "poor"),
        ("tstr", 0.84, 0.5, 0.85, "good"),
        ("tstr", 0.54, 0.5, 0.55, "good"),
        ("tstr", 0.7, 0.5, 0.85, "fair"),
        ("tstr", 0.55, 0.5, 0.85, "poor"),
        ("trends", 0.99, 0.93, 0.995, "good"),
        ("trends", 0.96, 0.93, 0.995, "fair"),
        ("trends", 0.93, 0.93, 0.995, "poor"),
        ("shapes", 0.97, None, 0.985, "good"),
        ("shapes", 0.93, None, 0.985, "fair"),
        ("shapes", 0.8, None, 0.985, "poor"),
        ("shapes", 0.98, None, None, "good"),
        ("shapes", 0.8, None, None, "poor"),
        ("image_frechet", 1.4, None, 1.0, "good"),
        ("image_frechet", 2.9, None, 1.0, "fair"),
        ("image_frechet", 9.0, None, 1.0, "poor"),
        ("image_frechet", 9.0, None, None, None),
        ("image_kernel", 0.1, None, 0.0, None),
        ("tstr", None, 0.5, 0.85, None),
    ],
)
def test_a_value_is_graded_against_its_anchors_or_by_steps(name, value, floor, ceiling, grade):
    assert Score.of(name, value, floor=floor, ceiling=ceiling).grade == grade


@pytest.mark.parametrize(("passed", "grade"), [(True, "good"), (False, "poor"), (None, None)])
def test_privacy_is_good_without_an_alarm_and_not_graded_where_nothing_was_judged(passed, grade):
    assert replace(Score.of("copies", 0.01), passed=passed).grade == grade


def test_a_section_has_the_grade_of_its_strictest_score_and_is_poor_with_an_alarm():
    told, shapes = Score.of("c2st_auc", 0.742, floor=0.95, ceiling=0.5), Score.of("shapes", 0.99, ceiling=0.99)
    near, copies = (replace(Score.of(name, 0.5, ceiling=0.5), passed=True) for name in ("dcr_share", "copies"))
    report = bare(shapes, told, copies, near)
    assert [report.grade(section) for section in ("fidelity", "utility", "privacy")] == ["fair", None, "good"]
    assert section_summary(report, "fidelity") == "fair (real-vs-synthetic AUC 0.742, best 0.5)"
    assert bare(near, replace(copies, passed=False)).grade("privacy") == "poor"


IMAGES = [  # of a run without held-out rows: the Fréchet distance has no grade
    Score.of("image_frechet", 30.57), Score.of("image_density", 0.54), Score.of("image_coverage", 0.492),
    Score.of("image_agreement", 0.75), Score.of("image_recall", 0.95),
]  # fmt: skip
TOLD = Score.of("c2st_auc", 0.482, floor=0.6)


def test_poor_images_beside_a_good_table_make_fidelity_poor_and_are_named():
    report = bare(TOLD, *IMAGES)
    assert report.grade("fidelity") == "poor"
    assert section_summary(report, "fidelity") == "poor (coverage of images 0.492, best 1)"
    assert (
        report_scores(report, {"html": Path("report.html")})[1][0] == f"fidelity: {section_summary(report, 'fidelity')}"
    )
    assert report.to_json()["summaries"]["fidelity"] == section_summary(report, "fidelity")
    page = render(report)
    assert "Poor fidelity" in page
    card = page[page.index("<b>Fidelity</b>") :]
    assert card.index(">poor<") < card.index("Coverage of images") < card.index("0.492")


@pytest.mark.parametrize(
    ("others", "grade", "name"),
    [
        ([Score.of("image_frechet", 1.2, ceiling=1.0)], "good", "c2st_auc"),
        ([Score.of("image_frechet", 2.5, ceiling=1.0)], "fair", "image_frechet"),
        ([Score.of("image_frechet", 1.2, ceiling=1.0), Score.of("image_agreement", 0.5)], "poor", "image_agreement"),
        ([Score.of("image_precision", 0.4)], "poor", "image_precision"),
        ([Score.of("text_frechet", 2.0), Score.of("text_characters", 0.7)], "poor", "text_characters"),
        ([Score.of("text_frechet", 1, ceiling=1), Score.of("text_agreement", 0.2, floor=0)], "poor", "text_agreement"),
    ],
)  # fmt: skip
def test_the_worst_of_table_images_and_texts_grades_a_section(others, grade, name):
    report = bare(TOLD, *others)
    assert (report.grade("fidelity"), report.lead("fidelity").name) == (grade, name)


def test_a_poor_score_that_does_not_decide_is_said_beside_a_better_grade():
    summary = section_summary(bare(TOLD, Score.of("shapes", 0.767)), "fidelity")
    assert summary == "good (real-vs-synthetic AUC 0.482, best 0.5), but column similarity 0.767 is poor"
    many = [Score.of(name, 0.1) for name in ("shapes", "missing", "text_lengths", "text_characters")]
    many += [Score.of("text_frechet", 1.2, ceiling=1.0)]
    assert section_summary(bare(TOLD, *many), "fidelity").endswith(
        "similarity of text lengths 0.100 is poor and 1 more"
    )


def test_a_masked_column_leaves_no_fidelity_good_and_is_named():
    report = replace(bare(TOLD, Score.of("shapes", 0.767)), masked=(Masked("street", "_RARE_", 1.0),))
    assert report.grade("fidelity") == "fair"
    assert section_summary(report, "fidelity") == (
        'fair (column "street" says "_RARE_" in 100% of the synthetic rows; real-vs-synthetic AUC 0.482, best 0.5), '
        "but column similarity 0.767 is poor"
    )
    assert report.to_json()["masked"] == ({"name": "street", "label": "_RARE_", "share": 1.0},)
    assert "But column &#34;street&#34; says" in render(report)
    poor = replace(report, scores=(Score.of("c2st_auc", 0.9, floor=0.95),))
    assert section_summary(poor, "fidelity").startswith('poor (real-vs-synthetic AUC 0.900, best 0.5), but column "str')


def test_what_needs_no_held_out_rows_does_not_make_a_table_safe():
    keys = replace(Score.of("key_overlap", 0.0), passed=True)
    missing = [Score.of(name, None, note="not measured: no holdout rows") for name in ("dcr_share", "nndr")]
    report = bare(keys, *missing)
    assert report.grade("privacy") is None
    assert section_summary(report, "privacy") == "not measured (no held-out rows)"
    assert unmeasured_summary(report, "privacy") == "2 privacy scores were not measured (no held-out rows)"
    assert unmeasured_summary(bare(*missing), "privacy") == "no privacy score was measured (no held-out rows)"


def test_the_last_line_never_says_no_alarm_where_nothing_was_measured():
    scores = [Score.of("shapes", 0.9), Score.of("dcr_share", None, note="not measured: no holdout rows")]
    result, lines = report_scores(bare(*scores), {"html": Path("report.html")})
    assert lines[0] == "fidelity: fair (column similarity 0.900, best 1)"
    assert lines[-1].endswith("no alarm in 1 measured score; no privacy score was measured (no held-out rows)")
    assert result["unmeasured"] == ["dcr_share"]
    assert result["grades"]["privacy"] is None
    page = render(bare(*scores))
    assert "No privacy score was measured (no held-out rows). That does not mean that the rows are safe." in page
    assert bare(*scores).to_json()["unmeasured"] == ["dcr_share"]


def test_grades_are_in_the_json():
    plain = bare(Score.of("c2st_auc", 0.51, floor=0.95, ceiling=0.5)).to_json()
    assert plain["scores"][0]["grade"] == "good"
    assert plain["grades"] == {"fidelity": "good", "utility": None, "privacy": None}
    json.dumps(plain)


def test_the_page_says_the_grade_before_the_value():
    page = render(bare(Score.of("c2st_auc", 0.742, floor=0.95, ceiling=0.5)))
    card = page[page.index("<b>Fidelity</b>") :]
    assert card.index(">fair<") < card.index("0.742") < card.index("best 0.5")


def test_the_steps_are_in_the_docs():
    assert f"{GOOD_WAY:.0%}" in DOCS
    assert f"{FAIR_WAY:.0%}" in DOCS
    for name, measure in METRICS.items():
        if measure.steps:
            good, fair = (f"{step:g}" for step in measure.steps)
            row = rf"^\|[^|]*\b{name}\b[^|]*\|[^|]*\b{re.escape(good)}\b[^|]*\|[^|]*\b{re.escape(fair)}\b"
            assert re.search(row, DOCS, flags=re.MULTILINE), name


def test_labels_are_the_field_s_terms_and_no_two_are_the_same():
    labels = [measure.label for measure in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert not [label for label in labels if "alike" in label]
    assert set(LEADS) <= set(METRICS)


# --- what is plainly useless -----------------------------------------------------------------------------------------

SCHEMA = Schema.parse("""
name: useless
fields:
  city: {kind: category}
  one:  {kind: number}
  two:  {kind: number}
  rank: {kind: category}
""")


def useless(seed: int, rows: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    one = rng.normal(size=rows)
    two = one + rng.normal(0, 0.2, rows)
    city = rng.choice([f"city {i}" for i in range(300)], rows)
    return pd.DataFrame({"city": city, "one": one, "two": two, "rank": np.where(two > 0, "high", "low")})


def test_a_column_that_is_mostly_the_label_of_rare_values_is_named_and_warnings_stand_first():
    made = useless(1)
    made.loc[:599, "city"] = "_RARE_"
    report = evaluate(useless(0), made, useless(2), SCHEMA, warnings=["Training ended early."])
    assert report.notes[0] == "Training ended early."
    assert report.notes[1].startswith('Column "city" says "_RARE_" in 75% of the synthetic rows')
    page = render(report)
    assert page.index("Training ended early.") < page.index('<section id="fidelity"')


def test_a_column_that_is_all_the_rare_label_is_in_the_summary_though_trees_do_not_see_it():
    real, made, held = (useless(seed).assign(city=[f"{seed} {i}" for i in range(800)]) for seed in (0, 1, 2))
    report = evaluate(real, made.assign(city="_RARE_"), held, SCHEMA)
    assert report.lead("fidelity").grade == "good"
    assert report.grade("fidelity") == "fair"
    assert section_summary(report, "fidelity").startswith('fair (column "city" says "_RARE_" in 100% of the synthetic')


def test_rows_that_are_no_harder_to_tell_from_real_ones_than_independent_columns_are_reported():
    made, rng = useless(1), np.random.default_rng(0)
    made = made.apply(lambda column: rng.permutation(column.to_numpy()))
    made["two"] = -made["one"]
    notes = " ".join(evaluate(useless(0), made, useless(2), SCHEMA).notes)
    assert "easier to tell from real ones than independent columns" in notes
    assert "Pairs of columns are worse than independent columns" in notes


@pytest.mark.parametrize(
    ("auc", "said"),
    [
        (0.8, None),
        (0.82, "are as easy to tell from real ones as independent columns are (AUC 0.820, independent columns 0.837)"),
        (0.85, "are as easy to tell from real ones as independent columns are"),
        (0.9, "are easier to tell from real ones than independent columns (AUC 0.900, independent columns 0.837)"),
        (0.969, "are far easier to tell from real ones than independent columns"),
    ],
)
def test_rows_that_are_told_more_easily_than_independent_columns_are_not_called_as_easy(auc, said):
    notes = unusable([Score.of("c2st_auc", auc, floor=0.837)])
    assert len(notes) == (said is not None)
    assert all(said in note for note in notes)


def test_nothing_is_said_of_fresh_rows():
    assert evaluate(useless(0), useless(1), useless(2), SCHEMA).notes == ()


def test_a_score_takes_the_anchors_that_its_metric_names():
    values = {"synthetic": 0.7, "holdout": 0.8, "real": 0.9, "independent": 0.5, "chance": 0.4}
    anchors = {name: Score.anchored(name, values) for name in ("c2st_auc", "tstr", "dcr_share", "text_tstr", "shapes")}
    assert {name: (score.ceiling, score.floor) for name, score in anchors.items()} == {
        "c2st_auc": (0.8, 0.5), "tstr": (0.9, 0.5), "dcr_share": (0.4, None), "text_tstr": (0.9, 0.4),
        "shapes": (0.8, None),
    }  # fmt: skip
    assert {score.value for score in anchors.values()} == {0.7}


def test_anchors_are_measured_as_the_synthetic_side_is_and_others_are_not():
    measured: list[str] = []

    def metric(side: str) -> float:
        measured.append(side)
        return float(len(side))

    score = Score.measured("missing", metric, {"synthetic": "a", "real": "aa", "independent": "aaa", "holdout": "aaaa"})
    assert measured == ["a", "aaa", "aaaa"]
    assert (score.value, score.floor, score.ceiling) == (1.0, 3.0, 4.0)
