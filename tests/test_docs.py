"""Every block of code in the README and the docs runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits
from test_relations import shop_frames

from synthdata.cli import main
from synthdata.fields.image.pictures import png
from synthdata.fields.providers import PROVIDERS
from synthdata.metrics import METRICS
from synthdata.relations import Relations
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Suite

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
LANGUAGES = {"bash", "python", "text", "yaml", "{toctree}", "{eval-rst}"}
ANY_FAMILY = {"docs/augment.md", "docs/index.md", "docs/python.md", "docs/texts.md"}  # of tables, where none is named
MINUTES = 0.05  # of each training: what a page shows is that the code runs, not how well it learns

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
_PYTHON = re.compile(  # however it is marked up: by any fence or directive, or by nothing
    r"^[ \t>]*[`~:]{3,}[ \t]*(?:\{[\w-]+\})?[ \t]*(?:python3?|py|pycon|ipython)\b"
    r"|^[ \t>]*\.\.[ \t]+(?:code|code-block|sourcecode)::[ \t]*py\w*"
    r"|^[ \t]*>>> ",
    re.M,
)
_IMPORT = re.compile(r"^[ \t>]*(?:from [\w.]+ import \w|import [\w.]+(?: as \w+)?[ \t]*$)", re.M)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return [(found["info"].strip(), found["text"]) for found in _FENCE.finditer(page.read_text())]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def commands(text: str) -> list[list[str]]:
    """The lines of a shell block, as words."""
    lines = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line]


def codes(page: Path) -> list[str | list[str]]:
    """What a page tells its reader to run, in order: a block of Python, or a `synthdata` command as words."""
    found: list[str | list[str]] = []
    for language, text in blocks(page):
        if language == "python":
            found.append(text)
        elif language == "bash":
            found += [line for line in commands(text) if line[0] == "synthdata"]
    return found


WITH_CODE = [page for page in PAGES if codes(page)]


@pytest.fixture
def short_trainings(page, monkeypatch) -> None:
    """Trainings from Python end after `MINUTES`."""
    fit = Synthesizer.fit.__func__

    def short(cls, frame, schema=None, *, model=None, max_minutes=None, **options):
        if model is None and name_of(page) in ANY_FAMILY:
            model = "marginals"
        return fit(cls, frame, schema, model=model, max_minutes=MINUTES, **options)

    monkeypatch.setattr(Synthesizer, "fit", classmethod(short))


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """The folder that pages speak of: patients.csv, digits/ and notes.csv."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 300)
    patients = pd.DataFrame(
        {
            "age": age,
            "weight": np.round(60 + age / 5 + rng.normal(0, 8, 300), 1),
            "ward": rng.choice(["north", "south", "east"], 300),
            "smoker": rng.random(300) < 0.3,
        }
    )
    patients.to_csv("patients.csv", index=False)

    digits = load_digits()
    for number in range(60):
        folder = Path("digits", str(7 if number % 2 else digits.target[number]))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(png((digits.images[number][..., None] * 15).astype(np.uint8)))

    rng = np.random.default_rng(1)
    wards = rng.choice(["cardiology", "surgery"], 300)
    signs = rng.choice(["well", "better", "in pain"], 300)
    beds = rng.integers(1, 400, 300)
    notes = [
        f"The patient of {ward} in bed {bed} is {sign}." for ward, bed, sign in zip(wards, beds, signs, strict=True)
    ]
    pd.DataFrame({"ward": wards, "note": notes, "day": range(300)}).to_csv("notes.csv", index=False)
    return tmp_path


def split_patients() -> None:
    """What the page on evaluation begins with: rows that were learned, held-out and synthetic ones, and a schema."""
    patients = pd.read_csv("patients.csv")
    for name, rows in (("train", slice(0, 200)), ("holdout", slice(200, None)), ("synthetic", slice(100, None))):
        patients.iloc[rows].to_csv(f"{name}.csv", index=False)
    Path("patients.yaml").write_text(Schema.infer(patients).dump())


def readme_came_true() -> None:
    assert len(pd.read_csv("synthetic.csv")) == 1000
    assert set(pd.read_csv("sevens/metadata.csv")["label"]) == {7}
    assert set(pd.read_csv("cardiology.csv")["ward"]) == {"cardiology"}
    assert pd.read_csv("prompted.csv")["note"].str.startswith("The patient").all()
    older = pd.read_parquet("older.parquet")
    assert len(older) == 200
    assert (older["age"] >= 60).all()
    assert set(older["ward"]) <= {"north", "south"}
    assert pd.read_csv("more.csv")["ward"].value_counts().nunique() == 1
    assert pd.read_parquet("middle-aged.parquet")["age"].between(40, 70).all()


def tutorial_came_true() -> None:
    assert len(pd.read_csv("synthetic_tumours.csv")) == 1000
    large = pd.read_csv("large_tumours.csv")
    assert (large["worst_area"] >= 1000).all()
    assert set(large["diagnosis"]) == {"malignant"}
    assert Path("out/report.html").exists()


def augmentation_came_true() -> None:
    assert pd.read_csv("balanced.csv")["smoker"].value_counts().nunique() == 1
    assert Path("better.csv.gains.html").exists()


def evaluation_came_true() -> None:
    assert sorted(path.name for path in Path("report").iterdir()) == ["report.html", "report.json", "report.xml"]


def shop_of_tables() -> None:
    """The folder that the page on tables speaks of."""
    Path("shop").mkdir()
    for name, frame in shop_frames(150).items():
        frame.to_csv(f"shop/{name}.csv", index=False)


def relations_came_true() -> None:
    tables = {path.stem: pd.read_csv(path) for path in Path("loyal").glob("*.csv")}
    assert set(tables["customers"]["segment"]) == {"gold"}
    assert len(tables["customers"]) == 200
    assert tables["orders"]["customer"].value_counts().min() >= 3
    assert set(tables) == {path.stem for path in Path("small").glob("*.csv")}


BEFORE: dict[str, Callable[[], None]] = {"docs/evaluate.md": split_patients, "docs/relations.md": shop_of_tables}
AFTER: dict[str, Callable[[], None]] = {
    "README.md": readme_came_true,
    "docs/tutorial.md": tutorial_came_true,
    "docs/augment.md": augmentation_came_true,
    "docs/evaluate.md": evaluation_came_true,
    "docs/relations.md": relations_came_true,
}


def shortened(command: list[str]) -> list[str]:
    """A command of a page, without `synthdata`, whose training is short."""
    if "--prove" in command:
        return [*command[1:], "--max-minutes", "0.1", "--model", "marginals", "--folds", "2"]
    return [*command[1:], *(["--max-minutes", f"{MINUTES}"] if command[1] in ("train", "augment", "run") else [])]


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_code_of_a_page_runs(page, data, short_trainings):
    BEFORE.get(name_of(page), lambda: None)()
    for code in codes(page):
        if isinstance(code, str):
            exec(compile(code, str(page), "exec"), {})
        else:
            result = CliRunner().invoke(main, shortened(code))
            assert result.exit_code == 0, f"{shlex.join(code)}: {result.output}"
    AFTER.get(name_of(page), lambda: None)()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_all_python_of_a_page_is_among_what_runs(page):
    ran = sum(isinstance(code, str) for code in codes(page))
    assert len(_PYTHON.findall(page.read_text())) == ran, "Python that is not in a ```python block does not run"
    for language, text in blocks(page):
        assert language == "python" or not _IMPORT.search(text), f"Python in a block of {language or 'no language'}"
    assert not _IMPORT.search(prose(page)), "Python outside of a block"


def test_the_pages_that_show_python_are_known_to_run():
    """Pages that would lose their code, or no longer be found, do not go unnoticed."""
    python = {name_of(page) for page in PAGES if any(language == "python" for language, _ in blocks(page))}
    assert python >= {
        "README.md",
        "docs/augment.md",
        "docs/ci.md",
        "docs/evaluate.md",
        "docs/feeding.md",
        "docs/images.md",
        "docs/impute.md",
        "docs/index.md",
        "docs/python.md",
        "docs/relations.md",
        "docs/texts.md",
        "docs/tutorial.md",
    }
    assert python <= {name_of(page) for page in WITH_CODE}
    assert sum(isinstance(code, list) for code in codes(ROOT / "README.md")) >= 15


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_schemas_of_a_page_load_and_make_a_suite(page):
    for language, text in blocks(page):
        assert language in LANGUAGES
        if language == "yaml" and "fields:" in text:
            if "tables:" in text:
                schemas = [table.schema for table in Relations.parse(text, source=page.name).tables.values()]
            else:
                schemas = [Schema.parse(text, source=page.name)]
            assert all(Suite.derive(schema).expectations for schema in schemas)


def test_make_targets_and_scripts_that_pages_name_are_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        lines = [line for language, text in blocks(page) if language == "bash" for line in commands(text)]
        assert {line[1] for line in lines if line[0] == "make"} <= targets
        for program in {line[0] for line in lines} - {"synthdata", "make"}:
            assert (ROOT / program).is_file(), program


def test_every_score_stands_in_the_docs():
    page = (DOCS / "report.md").read_text()
    assert [name for name in METRICS if name not in page] == []


def test_the_shares_of_near_rows_in_the_answer_on_privacy_are_those_of_the_table() -> None:
    page = (DOCS / "results.md").read_text()
    cells = [re.split(r" *\| *", line.strip("| ")) for line in page.splitlines() if line.startswith("| ")]
    names = next(row for row in cells if {"system", "dcr_share"} <= set(row))
    table = [dict(zip(names, row, strict=False)) for row in cells if len(row) == len(names)]
    found = {row["set"]: row["dcr_share"] for row in reversed(table) if row["system"].startswith("synthdata, transf")}
    answer = next(line for line in page.splitlines() if line.startswith("| Are rows nearer"))
    shares = [f"{float(found[name]):.3f}".removeprefix("0") for name in ("adult", "default", "diabetes")]
    assert "{}, {} and {} of them".format(*shares) in answer


def test_every_command_stands_in_the_docs():
    pages = "".join(page.read_text() for page in PAGES)
    for name in main.list_commands(None):
        assert f"synthdata {name}" in pages or f"`{name}`" in pages, f"{name} is not documented"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", prose(page)):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", prose(file), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{target}#{anchor}"


def test_every_page_is_in_the_navigation():
    index = (DOCS / "index.md").read_text()
    entries = {line for language, text in blocks(DOCS / "index.md") if language == "{toctree}" for line in text.split()}
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or name in entries, name
        assert name == "index" or f"({name}.md" in index, name


def test_every_test_that_holds_a_promise_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "privacy.md").read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", tests, re.M))
    assert len(named) > 15
    assert named <= there, named - there


def test_the_schema_page_lists_every_provider() -> None:
    page = (DOCS / "schema.md").read_text()
    rows = page[page.index("| provider |") :].partition("\n\n")[0]
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| ", rows, re.M)
    assert dict(table) == {name: provider.summary for name, provider in PROVIDERS.items()}
