"""More images for a training set: augmented copies of real ones, and whether they help."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits

from synthdata import Amount, InputError, Schema, augment, prove, read_table
from synthdata.augmentation.sources import REAL, TRANSFORMED
from synthdata.cli import main
from synthdata.fields.image.pictures import png

SCHEMA = Schema.parse(
    """
name: digits
target: label
fields:
  image: {kind: image, height: 8, width: 8, transforms: {translation: 0.13, rotation: 0.05}}
  label: {kind: category}
"""
)


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> Path:
    """A folder of 120 digits, 80 zeros and 40 ones, a folder a label."""
    found = load_digits()
    folder = tmp_path_factory.mktemp("digits")
    for label, rows in ((0, 80), (1, 40)):
        (folder / str(label)).mkdir()
        for number, image in enumerate(found.images[found.target == label][:rows]):
            pixels = np.rint(image * (255 / 16)).astype(np.uint8)[..., None]
            (folder / str(label) / f"{number}.png").write_bytes(png(pixels))
    return folder


def test_changed_copies_are_marked_and_keep_their_labels(digits):
    real = SCHEMA.read(read_table(digits))
    made = augment(SCHEMA, real, Amount(balance=("label",)), copies=1.0)
    table = made.frame()
    assert table["provenance"].tolist() == [REAL] * 120 + [TRANSFORMED] * 40
    assert (table["label"][120:] == "1").all()
    field = SCHEMA.fields["image"]
    before, after = (field.array(part["image"]).reshape(len(part), -1) for part in (real, table[120:]))
    assert not {row.tobytes() for row in before} & {row.tobytes() for row in after}


def test_without_a_model_only_copies_can_be_made(digits):
    with pytest.raises(InputError, match="only augmented copies can be made without a model"):
        augment(SCHEMA, read_table(digits), Amount(factor=2), copies=0.5)


def test_copies_are_compared_without_any_generator(digits):
    proof = prove(read_table(digits), SCHEMA, families=(), folds=2, amount=Amount(factor=2))
    kinds = {line.label: line.kind for line in proof.gains.lines}
    assert kinds["augmented copies, 2 times the rows"] == "transforms"
    line = proof.gains.lines[-1]
    assert line.score is not None
    assert line.rows == 120
    assert proof.best is not None
    assert proof.best.copies == 1


def test_the_command_writes_a_folder_of_real_and_changed_images(digits, tmp_path):
    (tmp_path / "s.yaml").write_text(SCHEMA.dump())
    out = tmp_path / "more"
    asked = ["--copies", "1", "--factor", "1.5", "--json", "-q"]
    result = CliRunner().invoke(
        main, ["augment", str(tmp_path / "s.yaml"), "--data", str(digits), "-o", str(out), *asked]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["added"] == 60
    table = pd.read_csv(out / "metadata.csv")
    assert table["provenance"].value_counts().to_dict() == {"real": 120, "transformed": 60}
    assert len(list(out.glob("*.png"))) == 180
