"""Model directories that somebody altered: refused in one line, nothing is run, read without end or believed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from synthdata import Schema, Synthesizer, generate
from synthdata.errors import ArtefactError, GateError, SynthdataError

ROWS = pd.DataFrame({"age": 18 + np.arange(80) * 7 % 60, "town": ["Ulm", "Bonn"] * 40})
WEIGHTS = "generators/tabular/weights.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    schema = Schema.infer(ROWS).replace_field("age", max=120)
    model = Synthesizer.fit(ROWS, schema, model={"family": "vae", "epochs": 1}, seed=0)
    from synthdata.pipeline import with_suite

    return with_suite(model).save(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def model(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def rehashed(model: Path) -> Path:
    """The model with a manifest that fits its files."""
    path = model / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        data = (model / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path.write_text(json.dumps(manifest))
    return model


def altered(path: Path, change: Callable[[Any], Any]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_weights_that_are_none_are_refused(model: Path, value: float) -> None:
    weights = load_file(model / WEIGHTS)
    save_file({name: np.full_like(each, value) for name, each in weights.items()}, model / WEIGHTS)
    with pytest.raises(ArtefactError, match="holds what is no weight"):
        Synthesizer.load(rehashed(model))


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_weights_cut_short_are_refused(model: Path, cut: int) -> None:
    data = (model / WEIGHTS).read_bytes()
    (model / WEIGHTS).write_bytes(data[:cut])
    with pytest.raises(ArtefactError):
        Synthesizer.load(rehashed(model))


@pytest.mark.parametrize("seed", range(40))
def test_bytes_changed_anywhere_end_in_a_line_or_in_rows(model: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ["manifest.json", "codecs.json", "schema.yaml", "suite.json", WEIGHTS, "generators/tabular/config.json"]
    path = model / str(rng.choice(names))
    data = bytearray(path.read_bytes())
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(data)))
        data[place : place + int(rng.integers(3))] = (
            rng.integers(0, 256, int(rng.integers(3))).astype(np.uint8).tobytes()
        )
    path.write_bytes(data)
    if path.name != "manifest.json":
        rehashed(model)
    said = ""
    try:
        generate(Synthesizer.load(model), 30).frame()
    except SynthdataError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["files"].update({"codecs.json": None}),
        lambda m: m.update(format=float("inf")),
        lambda m: m.update(training={}),
        lambda m: m.update(rows="x"),
        lambda m: m["files"].update({"a\0b": {"bytes": 1, "sha256": ""}}),
        lambda m: m["files"].update({"../x": {"bytes": 1, "sha256": ""}}),
        lambda m: m.update(files=[]),
        lambda m: m.update(warnings=3),
        lambda m: m["files"]["codecs.json"].update(bytes=2**63),
        lambda m: m["files"]["codecs.json"].update(bytes=10**400),
    ],
)
def test_odd_manifests_are_refused(model: Path, change: Callable[[Any], Any]) -> None:
    altered(model / "manifest.json", change)
    with pytest.raises(ArtefactError):
        Synthesizer.load(model)


def test_deep_manifests_are_refused(model: Path) -> None:
    (model / "manifest.json").write_text("[" * 200_000)
    with pytest.raises(ArtefactError, match="cannot be read"):
        Synthesizer.load(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and devices")
@pytest.mark.parametrize("kind", ["endless", "pipe", "elsewhere"])
def test_files_that_are_none_are_neither_read_nor_waited_for(model: Path, tmp_path: Path, kind: str) -> None:
    codecs = model / "codecs.json"
    data = codecs.read_bytes()
    codecs.unlink()
    if kind == "pipe":
        os.mkfifo(codecs)
    else:
        (tmp_path / "elsewhere").write_bytes(data)
        codecs.symlink_to("/dev/zero" if kind == "endless" else tmp_path / "elsewhere")
    with pytest.raises(ArtefactError, match=r"not a regular file|outside the model"):
        Synthesizer.load(model)


def test_a_weakened_suite_does_not_let_pass_what_the_schema_forbids(model: Path) -> None:
    one = {"type": "expect_column_to_exist", "kwargs": {"column": "age"}}
    (model / "suite.json").write_text(json.dumps({"name": "t", "expectations": [one]}))

    def older(codecs: Any) -> None:
        quantiles = codecs["columns"]["age"]["body"]["quantiles"]
        for key in ("atoms", "lows", "highs"):
            quantiles[key] = [value + 500 for value in quantiles[key]]

    altered(model / "codecs.json", older)
    with pytest.raises(GateError, match="expect_column_values_to_be_between"):
        generate(Synthesizer.load(rehashed(model)), 30).frame()
