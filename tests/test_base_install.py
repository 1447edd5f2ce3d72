"""Without the extra `train`: models are sampled, tables checked and scored; what needs TensorFlow says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import MissingExtraError
from synthdata.extras import EXTRAS, check_installed, is_installed, needed
from synthdata.fields.image.pictures import png
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

ROOT = Path(__file__).parents[1]
BLOCKED = EXTRAS["train"].packages
BLOCK = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
ONE_LINE = "needs TensorFlow: pip install 'synthdata[train]'"
SCHEMA = """\
name: stays
fields:
  stay_id: {kind: identifier, pattern: "S-[0-9]{5}"}
  age: {kind: number, integer: true, min: 0, max: 120}
  weight: {kind: number, decimals: 1, nullable: true}
  ward: {kind: category, values: [north, south, east]}
  smoker: {kind: boolean}
"""
PICTURES = """\
fields:
  ward: {kind: category, values: [north, south]}
  scan: {kind: image, height: 8, width: 8, channels: 1, transforms: {rotation: 0.1}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, stays: pd.DataFrame) -> Path:
    """A folder with tables, their schemas, and a model that was trained where TensorFlow is."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "stays.yaml").write_text(SCHEMA)
    schema = Schema.parse(SCHEMA)
    table = stays[list(schema.fields)]
    table.to_csv(folder / "stays.csv", index=False)
    small = {"family": "transformer", "epochs": 1, "width": 16, "layers": 1, "heads": 1}
    Synthesizer.fit(table, schema, model=small).save(folder / "model")
    rng = np.random.default_rng(0)
    scans = [png(image) for image in rng.integers(0, 255, (60, 8, 8, 1), np.uint8)]
    pd.DataFrame({"ward": rng.choice(["north", "south"], 60), "scan": scans}).to_parquet(folder / "scans.parquet")
    (folder / "scans.yaml").write_text(PICTURES)
    return folder


def python(place: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in the folder, in a process where no package of the extra can be imported."""
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", BLOCK + path + code], cwd=place, capture_output=True, text=True, check=False, timeout=300
    )


def command(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(place, f"from synthdata.cli import main\nmain({list(arguments)!r})")


def test_a_saved_model_is_sampled_and_its_rows_are_validated_and_scored(place: Path) -> None:
    code = """
from synthdata.cli import main
calls = [
    "inspect model",
    "generate model -n 80 -o rows.csv --force",
    "validate stays.yaml rows.csv",
    "evaluate stays.yaml --real stays.csv --synthetic rows.csv -o report --force",
    "suite stays.yaml",
    "init stays.csv -o new.yaml --force",
]
for call in calls:
    try:
        main(call.split())
    except SystemExit as end:
        assert not end.code, (call, end.code)
"""
    done = python(place, code)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(place / "rows.csv")) == 80
    assert (place / "report" / "report.html").exists()


def test_the_family_without_a_network_is_trained_too(place: Path) -> None:
    done = command(
        place, "train", "stays.yaml", "--data", "stays.csv", "--model", "marginals", "-o", "plain", "--force"
    )
    assert done.returncode == 0, done.stderr


COMMANDS = {
    "training": "train stays.yaml --data stays.csv -o new --model vae",
    "tuning": "tune stays.yaml --data stays.csv -o new.yaml --minutes 1 --model vae",
    "TFRecord": "generate model -n 5 -o rows.tfrecord",
    "comparing images": "evaluate scans.yaml --real scans.parquet --synthetic scans.parquet -o scans",
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_command_that_needs_it_says_so_in_one_line_and_writes_nothing(place: Path, what: str) -> None:
    before = sorted(path.name for path in place.iterdir())
    done = command(place, *COMMANDS[what].split(), "--quiet")
    assert done.returncode == 2, done.stderr
    what = "training" if what == "tuning" else what
    assert done.stderr == f"error: {what} {ONE_LINE}\n"
    assert sorted(path.name for path in place.iterdir()) == before


def test_python_calls_that_need_it_raise_the_same_line(place: Path) -> None:
    code = """
import pandas as pd
from synthdata import Schema, Synthesizer, transform
from synthdata.errors import MissingExtraError

scans = pd.read_parquet("scans.parquet")
for call in (
    lambda: Synthesizer.fit(pd.read_csv("stays.csv"), Schema.load("stays.yaml")),
    lambda: Synthesizer.fit(scans, Schema.load("scans.yaml"), model="marginals"),
    lambda: Synthesizer.load("model").dataset(),
    lambda: transform(scans, Schema.load("scans.yaml")),
):
    try:
        call()
    except MissingExtraError as error:
        print(error)
"""
    done = python(place, code)
    assert done.returncode == 0, done.stderr
    called = ["training", "training", "dataset()", "changing images and texts"]
    assert done.stdout.splitlines() == [f"{what} {ONE_LINE}" for what in called]


def test_an_import_that_fails_for_another_reason_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needed("train", "training"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def test_what_is_not_installed_is_said_by_the_name_of_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed("train")
    monkeypatch.setattr("synthdata.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"^tuning needs Optuna: pip install 'synthdata\[tune\]'$"):
        check_installed("tune", "tuning")
