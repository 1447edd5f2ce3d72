"""What is written once: settings, families, kinds, constraints, formats; help, docs and JSON schema say the same."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from click.testing import CliRunner

import synthdata
from synthdata.augmentation.proof.gains import LABELS
from synthdata.cli import main
from synthdata.cli.group import COMMANDS
from synthdata.fields import KINDS, AnyField
from synthdata.io.formats import FORMATS, READERS
from synthdata.models import AUTO, BASELINE, FAMILIES, FIELD_FAMILIES
from synthdata.schema.constraints import CONSTRAINTS, AnyConstraint

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


def generator() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()
SETTINGS = {
    f"{title}: {family}": settings
    for title, families in GENERATE.family_tables().items()
    for family, settings in families.items()
}


@pytest.mark.parametrize("family", SETTINGS)
def test_every_setting_is_described(family: str) -> None:
    fields = SETTINGS[family].model_fields
    assert [name for name, field in fields.items() if not (field.description or "").strip()] == []


@pytest.mark.parametrize("path", GENERATE.pages(), ids=lambda path: path.name)
def test_what_is_generated_is_current(path: Path) -> None:
    assert path.read_text() == GENERATE.pages()[path], "run: make generate"


def words_of(command: str, option: str) -> list[str]:
    """The choices of an option, as its help lists them."""
    text = " ".join(CliRunner().invoke(main, [command, "--help"], terminal_width=200).output.split())
    found = re.search(rf"{option} \[([^\]]+)\]", text)
    assert found is not None, text
    return found[1].split("|")


@pytest.mark.parametrize("command", ["train", "run", "augment"])
def test_a_command_that_trains_takes_every_family(command: str) -> None:
    assert words_of(command, "--model") == [AUTO, *FAMILIES]


def test_what_is_tuned_is_every_family_that_has_something_to_search() -> None:
    assert words_of("tune", "--model") == [name for name in FAMILIES if name != BASELINE]


def test_the_page_of_settings_has_every_family() -> None:
    page = (REFERENCE / "settings.md").read_text()
    families = {
        "Tables": [AUTO, *FAMILIES],
        "Images": [*FIELD_FAMILIES["Pixels"]],
        "Texts": [*FIELD_FAMILIES["Tokens"]],
    }
    listed = re.findall(r"^### (\w+): `(\w+)`$", page, re.M)
    assert listed == [(title, family) for title, names in families.items() for family in names]


def test_run_and_generate_and_the_readme_name_every_format_that_is_written() -> None:
    assert [f".{word}" for word in words_of("run", "--format")] == list(FORMATS)
    help_text = " ".join(CliRunner().invoke(main, ["generate", "--help"]).output.split())
    readme = (ROOT / "README.md").read_text().lower()
    assert [ending for ending in FORMATS if ending not in help_text or ending.removeprefix(".") not in readme] == []


def test_the_commands_that_read_a_table_and_the_readme_name_every_format_that_is_read() -> None:
    help_text = " ".join(CliRunner().invoke(main, ["train", "--help"]).output.split())
    readme = (ROOT / "README.md").read_text().lower()
    assert [ending for ending in READERS if ending not in help_text or ending.removeprefix(".") not in readme] == []


def test_the_metrics_that_a_proof_compares_by_are_those_of_the_command() -> None:
    assert words_of("augment", "--metric") == list(LABELS)


def test_a_union_of_kinds_and_of_constraints_names_what_its_table_names() -> None:
    assert set(get_args(get_args(AnyField)[0])) == set(KINDS.values())
    assert set(get_args(get_args(AnyConstraint)[0])) == set(CONSTRAINTS.values())


def test_the_json_schema_has_every_kind_and_every_constraint() -> None:
    schema = json.loads((ROOT / "schemas" / "schema.json").read_text())
    fields = schema["properties"]["fields"]["additionalProperties"]["discriminator"]["mapping"]
    constraints = schema["properties"]["constraints"]["items"]["discriminator"]["mapping"]
    assert set(fields) == set(KINDS)
    assert set(constraints) == set(CONSTRAINTS)


def test_the_page_of_schemas_has_every_kind_and_every_constraint() -> None:
    page = (ROOT / "docs" / "schema.md").read_text()
    assert [kind for kind in KINDS if not re.search(rf"^\| {kind} \||`{kind}`", page, re.M)] == []
    assert [kind for kind in CONSTRAINTS if kind not in page] == []


def test_the_page_of_python_begins_with_what_is_common_and_lists_no_internals() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text()
    places = [
        page.index(f"synthdata.{name}\n") for name in ("Schema", "Synthesizer", "validate", "evaluate", "Number", "VAE")
    ]
    assert places == sorted(places)
    assert ".. autoclass:: synthdata.Number\n.." in page  # no members follow
    for name, methods in GENERATE.INTERNAL.items():
        assert all(hasattr(getattr(synthdata, name), method) for method in methods)


def test_the_page_of_commands_has_every_command_with_an_example() -> None:
    page = (REFERENCE / "cli.md").read_text()
    sections = dict(re.findall(r"^## synthdata (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert list(sections) == list(COMMANDS)
    assert [name for name, text in sections.items() if f"\nsynthdata {name} " not in text] == []
