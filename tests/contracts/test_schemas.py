"""Every schema that ships loads, survives a round trip, makes a suite, and fits the data it is about."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

from synthdata.cli.demo_data import digits, patients
from synthdata.io.readers import read_table
from synthdata.schema import Schema, json_schema
from synthdata.validation import Suite, check

SCHEMAS = Path(__file__).parents[2] / "schemas"
EVERY = pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.yaml")), ids=lambda path: path.stem)
TABLES = {"adult": "adult", "default": "credit_default", "diabetes": "diabetes_admissions"}


@EVERY
def test_a_schema_is_named_as_its_file_and_points_to_the_json_schema(path: Path) -> None:
    assert Schema.load(path).name == path.stem
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


@EVERY
def test_a_schema_dumped_and_loaded_again_is_equal(path: Path) -> None:
    schema = Schema.load(path)
    assert Schema.parse(schema.dump()) == schema


@EVERY
def test_a_schema_becomes_a_suite_that_reads_back_equal(path: Path) -> None:
    schema = Schema.load(path)
    suite = Suite.derive(schema)
    assert {str(one.kwargs.get("column")) for one in suite.expectations} >= set(schema.fields)
    assert Suite.from_json(json.loads(json.dumps(suite.to_json(schema.name)))) == suite


@EVERY
def test_a_schema_satisfies_the_json_schema(path: Path) -> None:
    class Words(yaml.SafeLoader):
        """Plain words are text, as in `Schema.load`."""

    plain = {
        letter: [one for one in rules if "timestamp" not in one[0]]
        for letter, rules in Words.yaml_implicit_resolvers.items()
    }
    Words.yaml_implicit_resolvers = plain
    jsonschema.validate(yaml.load(path.read_text(), Words), json_schema())


def test_the_json_schema_is_current() -> None:
    written = json.loads((SCHEMAS / "schema.json").read_text())
    assert written == json.loads(json.dumps(json_schema())), "run: make generate"


def test_the_demo_s_patients_pass_their_schema() -> None:
    schema = Schema.load(SCHEMAS / "breast_cancer.yaml")
    verdict = check(schema.read(patients()), schema)
    assert verdict.passed, [str(one) for one in verdict.checks if not one.success]
    assert verdict.rows == 569


def test_the_demo_s_digits_pass_their_schema() -> None:
    schema = Schema.load(SCHEMAS / "digits.yaml")
    verdict = check(schema.read(digits()), schema)
    assert verdict.passed, [str(one) for one in verdict.checks if not one.success]
    assert verdict.rows == 1797


@pytest.mark.parametrize("benchmark_table", TABLES, indirect=True)
def test_a_schema_holds_for_rows_it_was_not_written_from(benchmark_table: Path) -> None:
    schema = Schema.load(SCHEMAS / f"{TABLES[benchmark_table.name]}.yaml")
    for part in ("train", "holdout"):
        frame = schema.read(read_table(benchmark_table / f"{part}.csv.gz"))
        verdict = check(frame, schema)
        assert verdict.passed, [str(one) for one in verdict.checks if not one.success or one.failed]


@pytest.mark.parametrize("benchmark_table", TABLES, indirect=True)
def test_a_schema_names_the_columns_and_target_of_its_table(benchmark_table: Path) -> None:
    schema = Schema.load(SCHEMAS / f"{TABLES[benchmark_table.name]}.yaml")
    header = pd.read_csv(benchmark_table / "train.csv.gz", nrows=0)
    assert list(schema.fields) == list(header.columns)
    assert schema.target == (benchmark_table / "target").read_text().strip()
