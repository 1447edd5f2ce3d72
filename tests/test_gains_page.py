from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from synthdata.augmentation import Gains, Line, check_gains, write_gains
from synthdata.augmentation.proof.page import conclusion, render_gains
from synthdata.errors import OutputError

NOTHING = Line("doing nothing", "nothing", score=0.742, also={"accuracy": 0.9})
BEST = Line(
    "transformer, equal classes", "generated", 3200, 0.761, 0.019, (0.008, 0.030), {"accuracy": 0.91, "F1": 0.5}
)
WORSE = Line("vae <b>bold</b>", "generated", 4521, 0.739, -0.003, (-0.01, 0.004))
WEIGHTS = Line("class weights", "simple", 0, 0.745, 0.003, (-0.004, 0.010))
OVERSAMPLED = Line("oversampling", "simple", 3200, 0.744, 0.002, (-0.005, 0.009))
UNMEASURED = Line("augmented copies", "transforms", 4521, note="needs the extra augment")
ALL = (NOTHING, WEIGHTS, OVERSAMPLED, WORSE, BEST, UNMEASURED)


def gains(*lines: Line) -> Gains:
    estimator = "sklearn.ensemble.HistGradientBoostingClassifier"
    return Gains("bank", "subscribed", estimator, "AUC", 4521, 5, 0.95, lines or ALL, 12.5)


def text(page: str) -> str:
    """What a person reads, in one line."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_the_page_says_first_what_helps():
    (verdict,) = conclusion(gains())
    assert verdict == (
        "Adding 3,200 rows (transformer, equal classes) raises AUC from 0.742 to 0.761: a gain of +0.019, "
        "95\N{NO-BREAK SPACE}% interval 0.008 to 0.030."
    )
    read = text(render_gains(gains()))
    assert read.index("Adding 3,200 rows") < read.index("Gains over doing nothing")


def test_what_holds_zero_is_not_called_a_gain():
    small = replace(BEST, score=0.746, gain=0.004, interval=(-0.004, 0.012))
    said = conclusion(gains(NOTHING, WEIGHTS, small))
    assert said == (
        "No candidate is shown to help: the best (transformer, equal classes) gains +0.004, and its "
        "interval, −0.004 to 0.012, includes zero.",
        "Leave the data unchanged.",
    )
    assert "✓" not in render_gains(gains(NOTHING, WEIGHTS, small))


def test_what_harms_is_called_a_loss():
    harmful = replace(BEST, score=0.731, gain=-0.011, interval=(-0.02, -0.001))
    assert "loses 0.011, and its interval, −0.020 to −0.001, lies below zero." in conclusion(gains(NOTHING, harmful))[0]


@pytest.mark.parametrize(
    ("simple", "said"),
    [
        (replace(WEIGHTS, score=0.761), "At least as good, and without any new row: class weights (AUC 0.761)."),
        (replace(OVERSAMPLED, score=0.77), "At least as good, and without a generator: oversampling (AUC 0.770)."),
    ],
)
def test_a_baseline_that_scores_as_high_is_named(simple, said):
    assert said in conclusion(gains(NOTHING, simple, BEST))
    assert not any(said in each for each in conclusion(gains(NOTHING, replace(simple, score=0.76), BEST)))


def test_a_baseline_that_helps_as_well_is_named_though_it_scores_less():
    helping = replace(WEIGHTS, score=0.752, gain=0.010, interval=(0.002, 0.018))
    said = conclusion(gains(NOTHING, helping, BEST))
    assert said[0].startswith("Adding 3,200 rows (transformer, equal classes) raises AUC")
    assert said[1].startswith(
        "Shown to help as well, without any new row: class weights. It raises AUC from 0.742 to 0.752"
    )
    assert len(said) == 2


def test_a_remark_on_a_measured_line_is_told():
    small = replace(BEST, score=0.746, gain=0.004, interval=(-0.004, 0.012), note="training was cut short")
    assert conclusion(gains(NOTHING, small))[-1] == (
        "Some candidates: training was cut short; a longer proof may show more."
    )


def test_a_baseline_that_helps_alone_is_advised():
    helping = replace(WEIGHTS, score=0.752, gain=0.010, interval=(0.002, 0.018))
    said = conclusion(gains(NOTHING, helping, WORSE))
    assert said[0].startswith("Neither generated rows nor augmented copies are shown to help")
    assert said[1].startswith("Shown to help without any new row: class weights. It raises AUC from 0.742 to 0.752")
    assert len(said) == 2


def test_a_gain_that_is_shown_is_named_even_if_another_scores_higher():
    unsure = replace(WORSE, score=0.765, gain=0.023, interval=(-0.002, 0.048))
    said = conclusion(gains(NOTHING, unsure, BEST))
    assert said[0].startswith("Adding 3,200 rows (transformer, equal classes) raises AUC")


def test_no_verdict_is_made_up_where_nothing_was_measured():
    unmeasured = gains(NOTHING, UNMEASURED)
    assert conclusion(unmeasured) == ("No candidate that adds rows was measured.",)
    assert "Gains over doing nothing" not in text(render_gains(unmeasured))
    assert conclusion(gains(replace(NOTHING, score=None), UNMEASURED)) == conclusion(unmeasured)


def test_every_line_is_in_the_table_with_every_measure():
    table = render_gains(gains())
    table = table[table.index("<table") : table.index("</table>")]
    rows = [text(row) for row in re.findall(r"<tr.*?</tr>", table, flags=re.DOTALL)]
    assert len(rows) == len(ALL) + 1
    assert all(line.label in row for line, row in zip(ALL, rows[1:], strict=True))
    assert rows[0].split()[-2:] == ["accuracy", "F1"]
    assert rows[1].split()[-2:] == ["0.900", "–"]
    assert rows[5].split()[-7:] == ["0.761", "+0.019", "0.008", "to", "0.030", "0.910", "0.500"]
    assert "not measured: needs the extra augment" in rows[6]


def test_every_gain_is_drawn_the_greatest_first():
    page = render_gains(gains())
    drawn = re.findall(r'<li class="row.*?</li>', page, flags=re.DOTALL)
    labels = [next(line.label for line in ALL if line.label in unescape(one)) for one in drawn]
    assert labels == [line.label for line in (BEST, WEIGHTS, OVERSAMPLED, WORSE)]
    assert "0.008 to 0.030" in drawn[0]


def test_a_line_far_from_all_others_does_not_flatten_them():
    far = Line("gan", "generated", 4521, 0.442, -0.3, (-0.4, -0.2))
    page = render_gains(gains(*ALL, far))
    assert "beyond the axis" in page
    assert "beyond the axis" not in render_gains(gains())
    left, right = re.search(r'class="reach" style="left:([\d.]+)%;right:([\d.]+)%"', page).groups()
    assert 100 - float(left) - float(right) > 30
    assert "−0.400 to −0.200" in page


def test_a_gain_of_next_to_nothing_keeps_its_sign():
    narrow = replace(BEST, gain=0.001, interval=(0.00002, 0.002))
    assert "interval 0.00002 to 0.002" in conclusion(gains(NOTHING, narrow))[0]
    assert render_gains(gains(NOTHING, replace(BEST, gain=0.0, interval=(0.0, 0.0))))


def test_labels_are_escaped():
    page = render_gains(gains())
    assert "<b>bold" not in page
    assert page.count("vae &lt;b&gt;bold&lt;/b&gt;") >= 2


def test_the_page_says_how_it_was_measured():
    read = text(render_gains(gains()))
    for words in ("HistGradientBoostingClassifier", "subscribed", "divided into 5 folds", "simultaneous intervals"):
        assert words in read


def test_the_page_needs_nothing_from_elsewhere_and_is_always_the_same():
    page = render_gains(gains())
    assert page == render_gains(gains())
    assert not re.search(r"https?://|url\(|@import|href=|src=|<(script|link|img|iframe|object|embed)\b", page)


def test_gains_are_two_files_beside_the_table(tmp_path):
    files = write_gains(gains(), tmp_path / "new" / "rows.csv")
    assert {name: file.name for name, file in files.items()} == {
        "html": "rows.csv.gains.html",
        "json": "rows.csv.gains.json",
    }
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == sorted(file.name for file in files.values())
    assert files["html"].read_text(encoding="utf-8") == render_gains(gains())
    told = json.loads(files["json"].read_text(encoding="utf-8"))
    assert told["best"] == BEST.label
    assert told["helps"] is True
    assert told["lines"][4]["interval"] == [0.008, 0.030]


def test_gains_that_are_there_are_replaced_by_force_only(tmp_path):
    path = tmp_path / "rows.csv"
    write_gains(gains(), path)
    with pytest.raises(OutputError, match=r"rows\.csv\.gains\.html: already exists"):
        check_gains(path)
    with pytest.raises(OutputError, match="already exists"):
        write_gains(gains(NOTHING, WORSE), path)
    files = write_gains(gains(NOTHING, WORSE), path, force=True)
    assert json.loads(files["json"].read_text(encoding="utf-8"))["helps"] is False
