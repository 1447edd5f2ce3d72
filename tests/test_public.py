"""The names at the package's root: each is there, once, documented, and what its examples say is so."""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pandas as pd
import pytest

import synthdata
from synthdata import Boolean, Category, Image, Number, Report, Schema, Text, Verdict, errors
from synthdata.evaluation import Score
from synthdata.models import FAMILIES, FIELD_FAMILIES
from synthdata.models.base import Settings
from synthdata.validation import Check

PUBLIC = {name: getattr(synthdata, name) for name in synthdata.__all__}
EVERY = pytest.mark.parametrize("name", synthdata.__all__)


def documented(name: str) -> Iterator[tuple[str, str]]:
    """The docstrings of a public name and of its own public methods."""
    value = PUBLIC[name]
    yield name, inspect.getdoc(value) or ""
    if inspect.isclass(value):
        for method in vars(value):
            if not method.startswith("_") and callable(getattr(value, method, None)):
                yield f"{name}.{method}", inspect.getdoc(getattr(value, method)) or ""


def raised(text: str) -> list[str]:
    """The errors that the Raises section of a docstring names."""
    return [entry for entry in entries_of(text, "Raises") if re.fullmatch(r"\w+", entry)]


def entries_of(text: str, title: str) -> list[str]:
    """The first lines of the entries in a section of a docstring."""
    section = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(\S.*)$", section[1], flags=re.MULTILINE) if section else []


def test_public_names_are_sorted_and_written_the_same_everywhere() -> None:
    source = ast.parse(Path(synthdata.__file__).read_text())
    typed = next(node for node in source.body if isinstance(node, ast.If))
    imports = {
        alias.name: node.module for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    lazy = {name: f"synthdata.{room}" for room, names in synthdata._ROOMS.items() for name in names}
    assert imports == lazy
    assert sorted(lazy) == sorted(synthdata.__all__)
    assert set(synthdata.__all__) <= set(dir(synthdata))


@EVERY
def test_a_public_name_is_that_of_its_room(name: str) -> None:
    room = next(room for room, names in synthdata._ROOMS.items() if name in names)
    assert PUBLIC[name] is getattr(import_module(f"synthdata.{room}"), name)
    assert PUBLIC[name].__name__ == name


def test_a_path_in_place_of_a_frame_or_a_text_in_place_of_a_number_is_an_input_error() -> None:
    frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25, "ward": ["north", "south"] * 50})
    model = synthdata.Synthesizer.fit(frame, model="marginals")
    for call in (
        lambda: synthdata.train("rows.csv", model.schema),
        lambda: synthdata.validate("rows.csv", model.schema),
        lambda: synthdata.evaluate(frame, "rows.csv", schema=model.schema),
        lambda: synthdata.generate(model, "10"),
    ):
        with pytest.raises(errors.InputError, match=r"takes a DataFrame, not str|give a whole number of rows"):
            call()


def test_a_report_is_short_to_look_at() -> None:
    report = Report("patients", None, rows={}, sampled={}, scores=(), columns=(), pairs=())
    assert repr(report) == "Report('patients', 0 scores, 0 alarms, 0 missed)"


def test_every_error_is_public() -> None:
    own = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert own <= set(synthdata.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Chema'"):
        synthdata.Chema  # noqa: B018


SETTINGS = {name: value for name, value in PUBLIC.items() if inspect.isclass(value) and issubclass(value, Settings)}


@pytest.mark.parametrize("name", sorted(set(synthdata.__all__) - set(SETTINGS)))
def test_a_public_name_is_documented(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    assert re.search(r"^(Parameters|Attributes|Examples)\n-+$", text, flags=re.MULTILINE), text


@EVERY
def test_what_a_public_name_takes_and_holds_is_said_with_its_type(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    entries = [entry for title in ("Parameters", "Attributes") for entry in entries_of(text, title)]
    assert all(re.fullmatch(r"[\w, ]+ : .+", entry) for entry in entries), entries


@pytest.mark.parametrize("name", [name for name in synthdata.__all__ if inspect.isfunction(PUBLIC[name])])
def test_the_documented_parameters_of_a_function_are_its_own(name: str) -> None:
    entries = entries_of(inspect.getdoc(PUBLIC[name]) or "", "Parameters")
    assert [entry.partition(" : ")[0] for entry in entries] == list(inspect.signature(PUBLIC[name]).parameters)


def test_the_settings_of_every_family_are_public() -> None:
    families = [*FAMILIES.values(), *(place for table in FIELD_FAMILIES.values() for place in table.values())]
    assert {resolve_name(place).Settings for place in families} == set(SETTINGS.values())


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_described(name: str) -> None:
    assert inspect.getdoc(SETTINGS[name])
    assert all(field.description for field in SETTINGS[name].model_fields.values())


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_stand_for_a_model_and_only_what_was_set_is_kept(name: str) -> None:
    settings = SETTINGS[name]
    key = next((key for key in ("epochs", "rounds") if key in settings.model_fields), None)
    preset = {"preset": "folder"} if "preset" in settings.model_fields else {}
    typed = settings(**({key: 3} if key else {}), **preset)
    expected = {"family": settings.family, **({key: 3} if key else {})}
    image, text = Image(height=8, width=8, model=typed), Text(model=typed)
    model = Schema(fields={"n": Number()}, model=typed).model
    assert {"family": model.family, **model.options} == image.model == {**expected, **preset}
    assert (text.model, text.preset) == (expected, preset.get("preset"))


@EVERY
def test_errors_that_docstrings_name_exist(name: str) -> None:
    for place, text in documented(name):
        for error in raised(text):
            known = getattr(synthdata, error, None) or getattr(builtins, error, None)
            assert inspect.isclass(known), f"{place} raises {error}"
            assert issubclass(known, BaseException)  # KeyboardInterrupt is no Exception


@EVERY
def test_the_examples_of_a_docstring_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL | doctest.ELLIPSIS)
    for place, text in documented(name):
        example = doctest.DocTestParser().get_doctest(text, {"pd": pd, **PUBLIC}, place, None, None)
        found: list[str] = []
        runner.run(example, out=found.append)
        assert not found, "".join(found)


# --- as notebooks show them -----------------------------------------------------------------------------------------


def test_a_notebook_shows_a_schema_escaped() -> None:
    schema = Schema(name="<b>", fields={"a<b": Category(values=["<i>", "x"]), "ok": Boolean()}, target="ok")
    html = schema._repr_html_()
    assert "Schema &lt;b&gt;: 2 fields" in html
    assert "a&lt;b" in html
    assert "ok (target)" in html
    assert "<i>" not in html
    assert "<script" not in html


def test_a_notebook_shows_what_failed_first() -> None:
    checks = (Check("holds", "a", "row", 0, True), Check("fails", "b<", "row", 3, False))
    html = Verdict(False, 0, 3, 3, checks, 0.1, {})._repr_html_()
    assert html.index("fails") < html.index("holds")
    assert "b&lt;" in html
    assert "refused" in html


def test_a_notebook_shows_the_scores_of_a_report() -> None:
    scores = (Score.of("shapes", 0.91, ceiling=0.97).held_to(0.95), Score.of("c2st_auc", None, note="not measured"))
    html = Report("t", None, {}, {}, scores, (), ())._repr_html_()
    assert "0.91" in html
    assert "missed" in html
    assert "not measured" in html


def test_long_tables_are_cut() -> None:
    schema = Schema(fields={f"x{number}": Number(description="long " * 100) for number in range(300)})
    html = schema._repr_html_()
    assert "and 100 more" in html
    assert "…" in html


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda frame: synthdata.Synthesizer.fit(frame, "t.yaml"), "takes a Schema, not str"),
        (lambda frame: synthdata.train(frame, "t.yaml"), "takes a Schema, not str"),
        (lambda frame: synthdata.validate(frame, "t.yaml"), "takes a Schema, not str"),
        (lambda frame: synthdata.evaluate(frame, frame, schema="t.yaml"), "takes a Schema, not str"),
        (lambda frame: synthdata.Synthesizer.fit(frame, seed=-1), "seed -1 is not a whole number"),
        (lambda frame: synthdata.Synthesizer.fit(frame, resume=True), "needs the checkpoint"),
    ],
)
def test_an_argument_of_the_wrong_sort_is_refused_in_one_line(call, message: str) -> None:
    frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25})
    with pytest.raises(synthdata.InputError, match=message):
        call(frame)
