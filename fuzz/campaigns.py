"""Hostile input, drawn at random from a seed: files, schemas, conditions, rules, suites, models, pictures, prompts.

An attempt ends in rows, or in a SynthdataError of one line; anything else is a finding. `run.py` runs campaigns for
some minutes, `tests/faults` some attempts of each.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from synthdata import Schema, Source, Suite, Synthesizer, read_table, validate
from synthdata.errors import SynthdataError
from synthdata.pipeline import with_suite
from synthdata.schema import infer
from synthdata.schema.constraints import Coordinates
from synthdata.schema.expressions import Rule

__all__ = ["CAMPAIGNS", "Campaign"]

Campaign = Callable[[np.random.Generator], str]
ROWS, TEXTS = 60, 300
SPLICES = [
    b'"', b"'", b",", b";", b"\n", b"\r", b"\x00", b"\xff", b"{", b"}", b"[", b"]", b":", b"-", b"9" * 30, b"1e999",
    b"\\ud800", "\u202e".encode(), "İ".encode(), b"NaN", b"&a", b"*a", b"!!python/object:os.system", b"(a+)+$",
]  # fmt: skip
ODD = [
    None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ",
    "x", "0", "a\nb", "\x00", "\ud800", "x" * 5000, "^(a+)+$", "../x", [], [[]], [1, "a", None], {}, {"kind": "number"},
]  # fmt: skip
COLUMNS = [
    "age",
    "amount",
    "lat",
    "lon",
    "town",
    "day",
    "ok",
    "bp_systolic",
    "bp_diastolic",
    "`age`",
    "id",
    "bp",
    "nothing",
]
OPERATORS = ["=", "==", "!=", "<>", "<", "<=", ">", ">=", "in", "not in", "IN", "İN", "is null", "is not null", "~", ""]
VALUES = [
    "Ulm", "Ulm, Bonn", "(Ulm, Bonn)", "50", "50, 60", "-0", "1e3", "1e999", "nan", "01.02.2023", "32.13.2023", "2023",
    "yes", "'x", '"y"', "", "(", "9" * 400, "\ud800", "a\nb", "100 and age < 3",
]  # fmt: skip
ATOMS = [
    "age",
    "amount",
    "town",
    "day",
    "`ok`",
    "bp_systolic",
    "0",
    "1",
    "-1",
    "2.5",
    "1e308",
    "9" * 30,
    "'Ulm'",
    "True",
]
JOINS = ["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", ">", "and", "or"]


@cache
def table() -> pd.DataFrame:
    """A table with a column of most kinds."""
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 500, ROWS), unit="D")
    return pd.DataFrame(
        {
            "id": [f"K-{row:04d}" for row in range(ROWS)],
            "age": rng.integers(18, 90, ROWS),
            "amount": rng.normal(100, 30, ROWS).round(2),
            "day": days.strftime("%d.%m.%Y"),
            "town": rng.choice(["Ulm", "Bonn", "Köln", 'a "b", c'], ROWS),
            "ok": rng.choice(["yes", "no"], ROWS),
            "bp": [f"{high}/{low}" for high, low in rng.integers(60, 180, (ROWS, 2))],
            "lat": rng.normal(48, 1, ROWS).round(4),
            "lon": rng.normal(10, 1, ROWS).round(4),
        }
    )


@cache
def schema() -> Schema:
    """The schema that is inferred of the table, and that two of its columns are coordinates."""
    found = infer(table().astype("str"), joins=True)[0]
    return found.replace(constraints=(*found.constraints, Coordinates(latitude="lat", longitude="lon")))


@cache
def model() -> Synthesizer:
    """A model of the table."""
    return with_suite(Synthesizer.fit(table().astype("str"), schema(), model="marginals", seed=0))


@cache
def model_files() -> Path:
    """The directory of the model."""
    return model().save(Path(tempfile.mkdtemp()) / "model")


@cache
def data_files() -> list[tuple[str, bytes]]:
    """The table in several formats: endings and bytes."""
    frame, parquet, folder = table(), io.BytesIO(), Path(tempfile.mkdtemp())
    frame.to_parquet(parquet)
    frame.to_csv(folder / "t.csv.gz", index=False)
    return [
        (".csv", frame.to_csv(index=False).encode()),
        (".csv", frame.to_csv(index=False, sep=";", decimal=",").encode("cp1252")),
        (".tsv", frame.to_csv(index=False, sep="\t").encode("utf-16")),
        (".jsonl", frame.to_json(orient="records", lines=True).encode()),
        (".json", frame.to_json(orient="records").encode()),
        (".parquet", parquet.getvalue()),
        (".csv.gz", (folder / "t.csv.gz").read_bytes()),
    ]


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, left out, doubled, put in."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        place, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 40))
        match int(rng.integers(5)):
            case 0 if place < len(data):
                data[place] = int(rng.integers(256))
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length] * int(rng.integers(1, 4))
            case 3:
                data[place:place] = rng.integers(0, 256, length).astype(np.uint8).tobytes()
            case _:
                data[place:place] = SPLICES[int(rng.integers(len(SPLICES)))]
    return bytes(data)


def bent(text: str, rng: np.random.Generator) -> str:
    """JSON with one of its values replaced by an odd one, left out, or given another name."""
    data = json.loads(text)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(data)
    node, key = places[int(rng.integers(len(places)))]
    match int(rng.integers(4)):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[f"{key}x"] = node.pop(key)
        case _:
            node[key] = ODD[int(rng.integers(len(ODD)))]
    return json.dumps(data)


def expression(rng: np.random.Generator, depth: int) -> str:
    """A row expression, which mostly can be read."""
    if not depth or rng.random() < 0.2:
        return str(rng.choice(ATOMS))
    left, right = expression(rng, depth - 1), expression(rng, depth - 1)
    match int(rng.integers(8)):
        case 0:
            return f"not ({left})"
        case 1:
            return f"{left} in [{rng.choice(ATOMS)}, {rng.choice(ATOMS)}]"
        case 2:
            return f"-({left})"
        case _:
            return f"({left}) {rng.choice(JOINS)} ({right})"


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one attempt."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def refused(error: SynthdataError) -> str:
    """The outcome of a refusal, which is one line."""
    if "\n" in str(error):
        raise AssertionError(f"a message of several lines: {error!r}")
    return f"refused ({type(error).__name__})"


def of_files(rng: np.random.Generator) -> str:
    """A changed data file: read, by a strict reader as well if it is CSV, a schema inferred of it, read by that."""
    ending, content = data_files()[int(rng.integers(len(data_files())))]
    source = Source(bad_rows="5%") if rng.random() < 0.5 else None
    with folder() as place:
        path = place / f"t{ending}"
        path.write_bytes(changed(content, rng))
        try:
            frame = read_table(path, source)
            if ending == ".csv" and source is None:
                _check_strictly(path, frame)
            found, notes = infer(frame, joins=True, few_bad=True)
            text = found.dump(notes.notes)
            if Schema.parse(text) != found:
                raise AssertionError("a schema is another one after its YAML")
            found.read(frame)
        except SynthdataError as error:
            return refused(error)
    return "read"


def _check_strictly(path: Path, frame: pd.DataFrame) -> None:
    """Raise for what Python's strict reader does not read, or reads as other cells; it is asked of UTF-8 alone."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    delimiter = frame.attrs.get("synthdata.source", {}).get("delimiter", ",")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    cells = frame.fillna("").to_numpy().tolist()
    strict = [[cell.replace("\r\n", "\n") for cell in row[: frame.shape[1]]] for row in rows[-len(cells) :]]
    if [[cell.replace("\r\n", "\n") for cell in row] for row in cells] != strict:
        raise AssertionError("a strict reader reads other cells")


def of_schemas(rng: np.random.Generator) -> str:
    """The changed text of a schema, or one with an odd value, as JSON, which YAML reads as well."""
    text = changed(schema().dump().encode(), rng).decode(errors="surrogateescape" if rng.random() < 0.1 else "replace")
    if rng.random() < 0.6:
        whole = {**schema().model_dump(mode="json", exclude_defaults=True), "fields": {}}
        whole["fields"] = {name: field.model_dump(mode="json") for name, field in schema().fields.items()}
        text = bent(json.dumps(whole), rng)
    try:
        parsed = Schema.parse(text)
        parsed.dump().encode()
        parsed.expectations()
    except SynthdataError as error:
        return refused(error)
    return "read"


def of_conditions(rng: np.random.Generator) -> str:
    """A condition put together of pieces, and sampled with."""
    text = " ".join(str(rng.choice(each)) for each in (COLUMNS, OPERATORS, VALUES))
    if rng.random() < 0.2:
        text = changed(text.encode(errors="replace"), rng).decode(errors="replace")
    try:
        model().sample(3, where=text)
    except SynthdataError as error:
        return refused(error)
    return "sampled"


def of_rules(rng: np.random.Generator) -> str:
    """A row expression put together of pieces, and evaluated."""
    text = expression(rng, int(rng.integers(1, 5)))
    frame = schema().read(table().astype("str"))
    try:
        rule = Rule.parse(text)
        if not set(rule.columns) <= set(frame.columns):
            return "another column"
        rule.holds(frame)
    except SynthdataError as error:
        return refused(error)
    return "evaluated"


def of_suites(rng: np.random.Generator) -> str:
    """A changed suite, and rows checked against it."""
    text = json.dumps(model().suite, indent=1)
    with folder() as place:
        path = place / "suite.json"
        odd = bent(text, rng).encode() if rng.random() < 0.7 else changed(text.encode(), rng)
        path.write_bytes(odd)
        try:
            suite = Suite.load(path, schema())
            validate(schema().read(table().astype("str")), schema(), suite=suite)
        except SynthdataError as error:
            return refused(error)
    return "checked"


def of_models(rng: np.random.Generator) -> str:
    """A model directory with a changed file, its hashes put right in half of the attempts, and sampled from."""
    with folder() as place:
        path = Path(shutil.copytree(model_files(), place / "model"))
        names = sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())
        name = names[int(rng.integers(len(names)))]
        content = (path / name).read_bytes()
        is_bent = name.endswith(".json") and rng.random() < 0.7
        (path / name).write_bytes(bent(content.decode(), rng).encode() if is_bent else changed(content, rng))
        if name != "manifest.json" and rng.random() < 0.8:
            _rehash(path)
        try:
            Synthesizer.load(path).sample(10)
        except SynthdataError as error:
            return refused(error)
    return "sampled"


def _rehash(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    for name in manifest["files"]:
        data = (path / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (path / "manifest.json").write_text(json.dumps(manifest))


@cache
def writer() -> Synthesizer:
    """A model of a text."""
    rng = np.random.default_rng(0)
    who, what = rng.choice(["She", "He", "The patient"], TEXTS), rng.choice(["sleeps", "coughs", "was seen"], TEXTS)
    pairs = enumerate(zip(who, what, strict=True))
    notes = [f"{one} {other} well today, at {row} o'clock." for row, (one, other) in pairs]
    frame = pd.DataFrame({"ward": rng.choice(["a", "b"], TEXTS), "note": notes})
    text = {"kind": "text", "max_length": 80, "model": {"family": "transformer", "epochs": 1, "width": 16, "layers": 1}}
    fields = {"ward": {"kind": "category"}, "note": text}
    return Synthesizer.fit(frame, Schema.model_validate({"fields": fields}), model="marginals", seed=0)


def of_prompts(rng: np.random.Generator) -> str:
    """What a text begins with, sampling settings that are odd in some attempts, and texts drawn so."""
    errors = str(rng.choice(["surrogateescape", "replace", "ignore"]))
    prompt: Any = changed(b"The patient sleeps, ", rng).decode(errors=errors)
    match int(rng.integers(6)):
        case 0:
            prompt = ODD[int(rng.integers(len(ODD)))]
        case 1:
            prompt = {str(rng.choice(["note", "ward", "nothing", ""])): prompt}
    odd = [value for value in ODD if isinstance(value, float | int | str) or value is None]
    settings = {
        name: odd[int(rng.integers(len(odd)))]
        for name in ("temperature", "top_p", "guidance_scale")
        if rng.random() < 0.15
    }
    try:
        writer().with_sampling(prompt=prompt, **settings).sample(2)["note"].str.encode("utf-8")
    except SynthdataError as error:
        return refused(error)
    return "sampled"


def of_pictures(rng: np.random.Generator) -> str:
    """A folder of pictures, one of them changed; in half of the attempts described by a table, which is changed too."""
    with folder() as place:
        described = rng.random() < 0.5
        formats = ["png", "jpeg", "gif", "bmp"]
        for number in range(3):
            kind = formats[int(rng.integers(len(formats)))]
            data = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(data, kind)
            content = changed(data.getvalue(), rng) if number == 1 else data.getvalue()
            (place / f"{number}.{kind}").write_bytes(content)
        if described:
            table = "file_name,label\n" + "".join(
                f"{each.name},{number}\n" for number, each in enumerate(place.iterdir())
            )
            (place / "metadata.csv").write_bytes(changed(table.encode(), rng) if rng.random() < 0.7 else table.encode())
        try:
            frame = read_table(place)
            infer(frame)[0].read(frame)
        except SynthdataError as error:
            return refused(error)
    return "read"


CAMPAIGNS: dict[str, Campaign] = {
    "files": of_files,
    "schemas": of_schemas,
    "conditions": of_conditions,
    "rules": of_rules,
    "suites": of_suites,
    "models": of_models,
    "pictures": of_pictures,
    "prompts": of_prompts,
}


def names(asked: Sequence[str]) -> list[str]:
    """The campaigns that are asked for; all without any."""
    unknown = [name for name in asked if name not in CAMPAIGNS]
    if unknown:
        raise SystemExit(f'no campaign "{unknown[0]}"; there are {", ".join(CAMPAIGNS)}')
    return list(asked or CAMPAIGNS)
