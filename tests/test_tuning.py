"""The search for better hyperparameters, and the choice of a family."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata.blocks import Categorical
from synthdata.cli import main
from synthdata.errors import ArtefactError, InputError, SchemaError
from synthdata.models import AUTO, FAMILIES, family, settings
from synthdata.models.auto import AutoSettings, choose
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.synthesizer.fitting import request
from synthdata.tuning import tune

pytest.importorskip("optuna")

YAML = """
model: {family: vae, latent: 2, width: 16, layers: 1, epochs: 1, coupling_layers: 2}
fields:
  size: {kind: number, integer: true}
  colour: {kind: category}
"""


def shells(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.integers(0, 500, rows)
    return pd.DataFrame({"size": size, "colour": np.where(size > 250, "red", "blue")})


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"marginals"}))
def test_every_span_is_a_hyperparameter_whose_ends_are_allowed(name):
    spans = family(name).search_space
    assert spans
    for key, span in spans.items():
        for value in span.choices or (span.low, span.high):
            settings(name, {key: value})


def test_the_defaults_are_tried_first_and_the_best_is_written():
    tuned = tune(shells(), Schema.parse(YAML), minutes=60, most_trials=2, seed=1)
    assert tuned.trials[0].options == {}
    assert len(tuned.trials) == 2
    searched = {"mixture_components", "learning_rate", "beta", "entropy_weighting"}  # the schema set the others
    assert set(tuned.trials[1].options) == searched
    assert tuned.best.quality == min(trial.quality for trial in tuned.trials)
    assert tuned.schema.model.options == {**Schema.parse(YAML).model.options, **tuned.best.options}


def test_a_search_is_kept_and_goes_on(tmp_path):
    journal = tmp_path / "trials"
    schema = Schema.parse(YAML)
    first = tune(shells(), schema, minutes=60, most_trials=2, journal=journal)
    again = tune(shells(), schema, minutes=60, most_trials=3, journal=journal, resume=True)
    assert again.trials[:2] == first.trials
    assert again.trials[2].options not in [trial.options for trial in first.trials]
    with pytest.raises(ArtefactError, match="another table"):
        tune(shells(300), schema, minutes=60, journal=journal, resume=True)
    fresh = tune(shells(), schema, minutes=60, most_trials=1, journal=journal)
    assert len(fresh.trials) == 1


@pytest.mark.parametrize("model", ["auto", "marginals"])
def test_what_has_nothing_to_search_is_refused(model):
    with pytest.raises(InputError, match="nothing"):
        tune(shells(), Schema.parse(YAML), minutes=1, model=model)


def test_the_command_writes_a_schema_that_trains(tmp_path):
    (tmp_path / "shells.yaml").write_text(YAML + "# a remark\n")
    shells().to_csv(tmp_path / "shells.csv", index=False)
    files = f"{tmp_path}/shells.yaml --data {tmp_path}/shells.csv -o {tmp_path}/tuned.yaml"
    line = f"tune {files} --minutes 60 --trials 1 --json"
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["trials"][0]["options"] == {}
    assert Schema.load(told["schema"]).model.family == "vae"
    assert "# a remark" in Path(told["schema"]).read_text()
    assert Path(f"{told['schema']}.trials").exists()
    assert CliRunner().invoke(main, line.split()).exit_code == 2  # the schema exists


def test_auto_takes_the_family_the_table_asks_for():
    assert choose(AutoSettings(), 10_000, 20).family == "transformer"
    assert choose(AutoSettings(interpolation=True), 10_000, 20).family == "vae"
    wide = choose(AutoSettings(), 10_000, 500)
    assert wide.family == "vae"
    assert "10,000 rows of 500 columns" in wide.why


@pytest.mark.parametrize(
    ("said", "columns", "family"),
    [("", 301, "vae"), ("", 300, "transformer"), ("model: transformer\n", 301, "transformer")],
)
def test_a_table_too_wide_for_the_default_family_gets_another_unless_it_was_asked_for(said, columns, family):
    frame = pd.DataFrame({"a": [1, 2] * 20})
    asked = request(frame, Schema.parse(f"fields:\n  a: {{kind: number}}\n{said}"), None, None)
    heard: list[str] = []
    layout = {f"c{number}": Categorical(2) for number in range(columns)}
    assert asked.resolved(40, layout, lambda progress: heard.append(progress.task)).family == family
    assert heard == (["choose"] if family == "vae" else [])


def test_what_auto_chose_and_why_stays_with_the_model(tmp_path):
    schema = Schema.parse(YAML).model_copy(
        update={"model": Schema.parse("model: {family: auto, interpolation: true}\nfields: {a: {kind: boolean}}").model}
    )
    told = []
    fitted = Synthesizer.fit(shells(), schema, max_minutes=0.05, listener=told.append)
    assert fitted.family == "vae"
    assert "interpolation" in told[0].detail
    fitted.save(tmp_path / "model")
    assert "interpolation" in Synthesizer.load(tmp_path / "model").describe()["chosen"]


def test_auto_refuses_what_it_does_not_know():
    with pytest.raises(SchemaError, match="interpolation"):
        settings(AUTO, {"interpolatoin": True})
