"""One record that holds a table's columns, a text and an image goes the whole way, and its parts fit each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from synthdata import InputError, Schema, Synthesizer, evaluate, export, generate, train
from synthdata.cli.demo_data import NUMERALS, STROKES, digits, schema_file
from synthdata.io.readers import read_table
from synthdata.validation import Validated

WRITER = {
    "family": "transformer",
    "width": 48,
    "layers": 2,
    "batch_size": 1024,
    "epochs": 10,
    "learning_rate": 0.02,
    "dropout": 0.0,
}
PAINTER = {"family": "vae", "latent": 8, "width": 12, "epochs": 40}
ROWS = 500


@pytest.fixture(scope="module")
def schema() -> Schema:
    shipped = Schema.load(schema_file("digits.yaml"))
    models = {"caption": WRITER, "image": PAINTER}
    fields = {
        name: field.model_copy(update={"model": models[name]}) if name in models else field
        for name, field in shipped.fields.items()
    }
    return shipped.model_copy(update={"fields": fields})


@pytest.fixture(scope="module")
def model(schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> Synthesizer:
    path = tmp_path_factory.mktemp("mixed") / "model"
    train(digits()[:1500], schema).save(path)
    return Synthesizer.load(path)


@pytest.fixture(scope="module")
def records(model: Synthesizer) -> Validated:
    made = generate(model, ROWS, seed=4)
    made.frame()  # kept, for all tests that read it
    return made


def pixels(schema: Schema, frame: pd.DataFrame) -> np.ndarray:
    return schema.fields["image"].array(frame["image"]).reshape(len(frame), -1) / 255


def test_caption_and_image_agree_with_the_label_of_their_record(schema: Schema, records: Validated) -> None:
    real, made = digits(), records.frame()
    reader = LogisticRegression(max_iter=2000).fit(pixels(schema, real[:1500]), real["label"][:1500])
    said = [NUMERALS[int(label)] in caption for label, caption in zip(made["label"], made["caption"], strict=True)]
    shown = reader.predict(pixels(schema, made)) == made["label"].astype("str").to_numpy()
    assert len(made) == ROWS
    assert np.mean(said) >= 0.9
    assert np.mean(shown) >= 0.9
    assert np.mean(np.array(said) & shown) >= 0.85


def test_a_caption_speaks_of_the_ink_of_its_record(records: Validated) -> None:
    made = records.frame()
    order = [made["ink"][made["caption"].str.contains(stroke)].median() for stroke in STROKES]
    assert order == sorted(order)


def test_conditions_and_prompts_meet_in_one_record(model: Synthesizer) -> None:
    rows = model.sample(40, where="label = 7", prompt={"caption": "The digit"})
    assert set(rows["label"]) == {"7"}
    assert rows["caption"].str.startswith("The digit").all()
    assert rows["caption"].str.contains("seven").mean() > 0.8


def test_what_a_record_lacks_is_filled_and_its_caption_written_to_it(model: Synthesizer, records: Validated) -> None:
    rows = records.frame().head(60).assign(caption=None)
    rows.loc[rows.index % 2 == 0, "ink"] = None
    filled = model.fill(rows)
    said = [NUMERALS[int(label)] in text for label, text in zip(filled["label"], filled["caption"], strict=True)]
    assert np.mean(said) > 0.8
    assert filled["caption"].str.len().min() > 0
    assert filled["ink"].notna().all()
    assert filled["image"].equals(rows["image"])
    with pytest.raises(InputError, match='"image" is an image, which is never missing'):
        model.fill(rows, ["image"])


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_one_export_holds_everything(schema: Schema, records: Validated, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"records.{ending}"
    export(records, target)
    back = schema.read(read_table(target))
    assert back["caption"].tolist() == records.frame()["caption"].tolist()
    np.testing.assert_array_equal(pixels(schema, back), pixels(schema, records.frame()))


def test_a_report_scores_table_text_and_image_together(schema: Schema, records: Validated) -> None:
    real = digits()
    report = evaluate(real[:1500], records.frame(), real[1500:].reset_index(drop=True), schema)
    assert report.score("text_agreement").value > 0.8
    assert report.score("image_agreement").value > 0.8
    trends = report.score("trends")
    assert trends.value > trends.ceiling - 0.05
