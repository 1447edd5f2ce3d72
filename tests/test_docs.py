"""Every block of code in the README and the docs runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits

from synthdata.cli import main
from synthdata.fields.image.pictures import png
from synthdata.fields.providers import PROVIDERS
from synthdata.metrics import METRICS
from synthdata.schema import Schema
from synthdata.validation import Suite

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALLOWED_LANGUAGES = {"bash", "python", "yaml", ""}


def blocks(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def patients(tmp_path, monkeypatch) -> Path:
    rng = np.random.default_rng(0)
    rows = 300
    age = rng.integers(18, 90, rows)
    frame = pd.DataFrame(
        {
            "age": age,
            "weight": np.round(60 + age / 5 + rng.normal(0, 8, rows), 1),
            "ward": rng.choice(["north", "south", "east"], rows),
            "smoker": rng.random(rows) < 0.3,
        }
    )
    frame.to_csv(tmp_path / "patients.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(patients) -> Path:
    """A folder of 8 x 8 digits, with their labels as subfolders."""
    bunch = load_digits()
    for number in range(60):
        folder = patients / "digits" / str(7 if number % 2 else bunch.target[number])
        folder.mkdir(parents=True, exist_ok=True)
        pixels = (bunch.images[number][..., None] * 15).astype(np.uint8)
        (folder / f"{number}.png").write_bytes(png(pixels))
    return patients


@pytest.fixture
def notes(patients) -> Path:
    """A table of notes, each about the ward it was written in."""
    rng = np.random.default_rng(1)
    wards = rng.choice(["cardiology", "surgery"], 300)
    signs = rng.choice(["well", "better", "in pain"], 300)
    beds = rng.integers(1, 400, 300)
    texts = [
        f"The patient of {ward} in bed {bed} is {sign}." for ward, bed, sign in zip(wards, beds, signs, strict=True)
    ]
    pd.DataFrame({"ward": wards, "note": texts}).assign(day=range(300)).to_csv(patients / "notes.csv", index=False)
    return patients


def commands(text: str) -> list[list[str]]:
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [line for line in lines if line and line[0] == "synthdata"]


def test_the_commands_of_the_readme_run(images, notes):
    texts = [text for language, text in blocks(ROOT / "README.md") if language == "bash"]
    ran = 0
    for line in [line for text in texts for line in commands(text)]:
        if line[1] in ("train", "augment"):
            line += ["--max-minutes", "0.3"]
        result = CliRunner().invoke(main, line[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"
        ran += 1
    assert ran >= 5
    assert len(pd.read_csv(images / "synthetic.csv")) == 1000
    assert set(pd.read_csv(images / "sevens" / "metadata.csv")["label"]) == {7}
    assert set(pd.read_csv(notes / "cardiology.csv")["ward"]) == {"cardiology"}
    assert pd.read_csv(notes / "begun.csv")["note"].str.startswith("The patient").all()
    older = pd.read_parquet(images / "older.parquet")
    assert len(older) == 200
    assert (older["age"] >= 60).all()
    assert set(older["ward"]) <= {"north", "south"}


def test_the_commands_of_the_report_page_run(patients):
    table = pd.read_csv("patients.csv")
    for name, rows in (("train", slice(0, 200)), ("holdout", slice(200, None)), ("synthetic", slice(100, None))):
        table.iloc[rows].to_csv(f"{name}.csv", index=False)
    Path("patients.yaml").write_text(Schema.infer(table).dump())
    texts = [text for language, text in blocks(ROOT / "docs" / "report.md") if language == "bash"]
    (line,) = [line for text in texts for line in commands(text)]
    assert CliRunner().invoke(main, line[1:]).exit_code == 0
    assert sorted(path.name for path in Path("report").iterdir()) == ["report.html", "report.json", "report.xml"]


def test_the_commands_of_the_augment_page_run(patients):
    texts = [text for language, text in blocks(ROOT / "docs" / "augment.md") if language == "bash"]
    for line in [line for text in texts for line in commands(text)]:
        quick = {"augment": ["--max-minutes", "0.1"], "init": []}[line[1]]
        quick += ["--model", "marginals", "--folds", "2"] if "--prove" in line else []
        result = CliRunner().invoke(main, [*line[1:], *quick])
        assert result.exit_code == 0, f"{line}: {result.output}"
    assert pd.read_csv("balanced.csv")["smoker"].value_counts().nunique() == 1
    assert Path("better.csv.gains.html").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page, images):
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_schemas_of_a_page_load_and_make_a_suite(page):
    for language, text in blocks(page):
        assert language in ALLOWED_LANGUAGES
        if language == "yaml":
            assert Suite.derive(Schema.parse(text, source=page.name)).expectations


def test_every_score_stands_in_the_docs():
    page = (ROOT / "docs" / "report.md").read_text()
    assert [name for name in METRICS if name not in page] == []


def test_every_command_stands_in_the_docs():
    pages = "".join(page.read_text() for page in PAGES)
    for name in main.list_commands(None):
        assert f"synthdata {name}" in pages or f"`{name}`" in pages, f"{name} is not documented"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_test_that_holds_a_promise_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "privacy.md").read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", tests, re.M))
    assert len(named) > 15
    assert named <= there, named - there


def test_the_schema_page_lists_every_provider() -> None:
    page = (ROOT / "docs" / "schema.md").read_text()
    rows = page[page.index("| provider |") :].partition("\n\n")[0]
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| ", rows, re.M)
    assert dict(table) == {name: provider.summary for name, provider in PROVIDERS.items()}
