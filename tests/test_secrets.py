"""No real key and no real personal value is in anything that is written, and what stands in their place is plausible.

Strings of at least six characters are searched for in every byte of every file, in several spellings; shorter ones,
which a plot or a weight may hold by chance, in cells and JSON numbers. Real values of invented people are such that no
made value can be equal to one by chance, but keys: those have to be kept clear of the real ones.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from conftest import BENCHMARKS
from invented import family_names, transactions, visits
from safetensors.numpy import load_file
from scipy.stats import ks_2samp
from threadpoolctl import threadpool_limits

from synthdata import InputError, Schema, Synthesizer
from synthdata.cli import main
from synthdata.errors import DataError, PrivacyWarning, SchemaError
from synthdata.fields.personal import says_sex
from synthdata.fields.providers.name_lists import lists
from synthdata.fields.providers.pools import pool
from synthdata.models.text.packing import pack
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.pipeline import generate, train
from synthdata.subjects import Subjects

FIELD = BENCHMARKS.parent / "field"
SHORTEST = 6  # characters that are searched for in bytes
REPORTS = ("report.html", "report.json", "report.xml")
PAYMENTS = {"customer_id": "key", "holder_name": "name", "iban": "key", "card_number": "key", "tx_id": "key"}
STAYS = {
    **{"patient_uuid": "key", "record_no": "key", "patient_no": "key", "full_name": "name"},
    **{"email": "email", "phone": "phone", "street": "text"},
}
SHORT = {"width": 32, "layers": 2, "heads": 2, "epochs": 10, "batch_size": 1024, "dropout": 0.0, "learning_rate": 0.02}


def cli(*arguments: str | Path | int) -> str:
    """What a command says, on both streams."""
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done.output


# --- searching --------------------------------------------------------------------------------------------------------


def spellings(value: str, kind: str) -> set[str]:
    """How a value may be written: as it is, without spaces and dashes, escaped, and the parts that name somebody."""
    found = {value, re.sub(r"[\s-]", "", value)}
    if kind == "name":
        given, _, family = value.partition(" ")
        found |= {family, family.partition("-")[0], f"{family}, {given}", f"{family} {given}", f"{given}.{family}"}
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        found |= {digits, digits.removeprefix("49"), value.removeprefix("+49 "), f"0{digits.removeprefix('49')}"}
    if kind == "email":
        found |= {value.partition("@")[0]}
    found |= {json.dumps(one)[1:-1] for one in found} | {html.escape(one) for one in found}
    found |= {one.encode("ascii", "xmlcharrefreplace").decode() for one in found}
    return {one.lower() for one in found}


def secrets(frame: pd.DataFrame, kinds: dict[str, str]) -> set[str]:
    """Every spelling of every value of these columns."""
    return {
        spelling
        for name, kind in kinds.items()
        for value in frame[name].dropna().astype(str).unique()
        for spelling in spellings(value, kind)
    }


@dataclass(frozen=True)
class Written:
    """A file, or what was printed. data: its bytes, decompressed."""

    name: str
    data: bytes

    @cached_property
    def starts(self) -> np.ndarray:
        """All stretches of `SHORTEST` bytes, as sorted numbers."""
        lowered = np.frombuffer(
            self.data.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape"), np.uint8
        )
        size = max(len(lowered) - SHORTEST + 1, 0)
        parts = [lowered[place : place + size].astype(np.int64) << (8 * place) for place in range(SHORTEST)]
        return np.unique(np.sum(parts, axis=0)) if size else np.empty(0, np.int64)

    def holds(self, wanted: Iterable[str]) -> list[str]:
        """Which of some lower-case texts stand in it; a number only if no longer one does."""
        texts = np.array(sorted(one for one in wanted if len(one.encode()) >= SHORTEST), object)
        heads = np.array([int.from_bytes(one.encode()[:SHORTEST], "little") for one in texts], np.int64)
        likely = texts[np.isin(heads, self.starts)]
        text = self.data.decode("utf-8", "replace").lower()
        return [
            one
            for one in likely
            if re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)" if one.isdigit() else re.escape(one), text)
        ]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def written(path: Path) -> list[Written]:
    """A file as it is, and what is inside: unpacked, and its cells if it is Parquet."""
    data = path.read_bytes()
    found = [Written(path.name, data)]
    if path.suffix == ".gz":
        found.append(Written(f"{path.name}, unpacked", gzip.decompress(data)))
    if path.suffix == ".parquet":
        found.append(Written(f"{path.name}, cells", pd.read_parquet(path).to_csv(index=False).encode()))
    return found


def cells(path: Path) -> set[str]:
    """All cells and JSON numbers of a file, as text."""
    match path.suffix:
        case ".csv":
            return set(pd.read_csv(path, dtype=str).stack().astype(str))
        case ".parquet":
            return set(pd.read_parquet(path).astype(str).stack())
        case ".safetensors":
            arrays = [each.ravel().astype(np.float64) for each in load_file(path).values()]
            numbers = np.concatenate([each[each % 1 == 0] for each in arrays]) if arrays else np.empty(0)
            return {str(int(number)) for number in numbers}
        case ".json" if path.name == "manifest.json":  # whose numbers are sizes of files
            return {each for each in _leaves(json.loads(path.read_text("utf-8"))) if not each.isdigit()}
        case ".json":
            return set(_leaves(json.loads(path.read_text("utf-8"))))
        case ".yaml":
            return set(_leaves(yaml.safe_load(path.read_text("utf-8"))))
    return set()


def _leaves(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from map(str, node)
        for each in node.values():
            yield from _leaves(each)
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each)
    elif isinstance(node, float) and node.is_integer():
        yield str(int(node))
    else:
        yield str(node)


def leaks(paths: Iterable[Path], wanted: set[str]) -> list[tuple[str, str]]:
    """What of some texts stands where."""
    short = {one for one in wanted if len(one.encode()) < SHORTEST}
    found = []
    for path in paths:
        found += [(each.name, one) for each in written(path) for one in each.holds(wanted)]
        found += [(path.name, one) for one in sorted(short & {cell.lower() for cell in cells(path)})]
    return found


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["Anna Vrumabodokh"], "b": [12345]}).to_parquet(tmp_path / "a.parquet", compression="zstd")
    (tmp_path / "b.json").write_text(json.dumps({"x": [1, {"y": 1234567}], "z": "j\u00fcrgen.vrum@example.org"}))
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"x\nDE12777123450000000001\n"))
    wanted = secrets(
        pd.DataFrame(
            {
                "name": ["Anna Vrumabodokh"],
                "number": [12345],
                "long": [1234567],
                "mail": ["J\u00fcrgen.Vrum@example.org"],
                "iban": ["DE12 7771 2345 0000 0000 01"],
            }
        ),
        {"name": "name", "number": "key", "long": "key", "mail": "email", "iban": "key"},
    )
    names = {name.partition(",")[0] for name, _ in leaks(files(tmp_path), wanted)}
    assert names == {"a.parquet", "b.json", "c.csv.gz"}
    assert ("b.json", "1234567") in leaks(files(tmp_path), wanted)
    assert ("a.parquet", "12345") in leaks(files(tmp_path), wanted)
    assert not leaks(files(tmp_path), {"nobody's", "23456", "234567"})


# --- what a run writes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a user did and got."""

    folder: Path
    real: pd.DataFrame
    secrets: set[str]
    rows: pd.DataFrame
    schema: Schema

    def parts(self, part: str) -> list[Path]:
        """The files of a part."""
        out = self.folder / "out"
        return {
            "schema": [self.folder / "table.yaml"],
            "model": list(files(out / "model")),
            "report": [folder / name for folder in (out, self.folder / "again") for name in REPORTS],
            "rows": [out / "rows.csv"],
            "verdict": [out / "rows.csv.verdict.json"],
            "rejected": [each for each in files(out) if "rejected" in each.name],
            "log": [self.folder / "log.txt"],
        }[part]


PARTS = ("schema", "model", "rows", "verdict", "rejected", "log")


def ran(folder: Path, frame: pd.DataFrame, kinds: dict[str, str], rows: int, *how: str) -> Ran:
    """Write a table, propose its schema, learn it, draw rows, and score them once more, all by the command line."""
    data, schema, out = folder / "table.csv", folder / "table.yaml", folder / "out"
    frame.to_csv(data, index=False)
    log = cli("init", data, "-o", schema)
    with threadpool_limits(1, user_api="openmp"):  # small trees are grown far faster so, on a busy machine
        log += cli("run", schema, "--data", data, "-n", rows, "-o", out, *how)
        log += cli("evaluate", schema, "--real", data, "--synthetic", out / "rows.csv", "-o", folder / "again")
    (folder / "log.txt").write_text(log)
    drawn = pd.read_csv(out / "rows.csv", dtype=str)
    return Ran(folder, frame, secrets(frame, kinds), drawn, Schema.load(schema))


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(tmp_path_factory.mktemp("payments"), transactions(160), PAYMENTS, 2000, "--model", "marginals")


@pytest.fixture(scope="module")
def stays_(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(tmp_path_factory.mktemp("stays"), visits(170), STAYS, 550, "--max-minutes", "0.2")


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_card_payments_names_anybody(payments: Ran, part: str) -> None:
    assert leaks(payments.parts(part), payments.secrets) == []


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_stays_with_notes_names_anybody(stays_: Ran, part: str) -> None:
    assert leaks(stays_.parts(part), stays_.secrets) == []


def test_no_report_of_card_payments_names_anybody(payments: Ran) -> None:
    assert leaks(payments.parts("report"), payments.secrets) == []


def test_no_report_of_stays_with_notes_names_anybody(stays_: Ran) -> None:
    assert leaks(stays_.parts("report"), stays_.secrets) == []


class Interrupting(keras.callbacks.Callback):
    """Ctrl-C after the first epoch."""

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        raise KeyboardInterrupt


def test_the_checkpoint_of_an_interrupted_training_names_nobody(tmp_path: Path) -> None:
    frame = visits(60).drop(columns="note")
    schema = Schema.infer(frame)
    small = {"family": "transformer", "width": 32, "layers": 1, "heads": 2}
    with pytest.raises(KeyboardInterrupt):
        train(frame, schema, model=small, checkpoint=tmp_path / "model.checkpoint", callbacks=[Interrupting()])
    kept = [each for each in files(tmp_path) if each.stat().st_size > 1000]
    assert kept
    assert leaks(files(tmp_path), secrets(frame, STAYS)) == []


class InterruptingTexts(keras.callbacks.Callback):
    """Ctrl-C after the first epoch of the second stage."""

    stages = 0

    def on_train_begin(self, logs: object = None) -> None:
        self.stages += 1

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if self.stages == 2:
            raise KeyboardInterrupt


def test_the_checkpoint_of_a_finished_stage_names_nobody(tmp_path: Path) -> None:
    frame = visits(150)
    schema = Schema.infer(frame).replace(model={"family": "transformer", **SHORT})
    schema = schema.replace_field("note", model={"family": "transformer", **SHORT})
    with pytest.raises(KeyboardInterrupt):
        train(
            frame,
            schema,
            checkpoint=tmp_path / "model.checkpoint",
            callbacks=[InterruptingTexts()],
            listener=lambda progress: None,
        )
    assert {each.name for each in files(tmp_path)} >= {"model.checkpoint", "model.checkpoint.0"}
    assert leaks(files(tmp_path), secrets(frame, STAYS)) == []


@pytest.mark.parametrize("table", ["case20.csv", "case27.csv"])
def test_no_key_of_any_shape_is_kept(table: str, tmp_path: Path) -> None:
    if not (FIELD / table).exists():
        pytest.skip(f"the field's {table} is not at hand")
    frame = pd.read_csv(FIELD / table, dtype=str)
    if "amount" in frame:  # in cents, amounts are numbers as long as the shortest keys
        frame["amount"] = frame["amount"].astype(float).div(100).round(2)
    schema = Schema.infer(frame)
    keys = [name for name, field in schema.fields.items() if field.kind == "identifier"]
    assert (
        keys
        == {
            "case20.csv": [name for name in frame.columns if name not in ("line", "amount")],
            "case27.csv": ["patient_id"],
        }[table]
    )
    model = train(frame, schema, model="marginals")
    model.save(tmp_path / "model")
    (tmp_path / "table.yaml").write_text(schema.dump())
    made = generate(model, 300, real=frame).frame()
    assert leaks(files(tmp_path), secrets(frame, dict.fromkeys(keys, "key"))) == []
    for name in keys:
        assert not set(made[name].dropna().astype(str)) & set(frame[name].dropna()), name


def test_dense_keys_are_kept_clear_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    amounts = {"amount": rng.lognormal(3, 1, 4000).round(2), "size": rng.integers(0, 9, 4000)}
    frame = pd.DataFrame({"customer_id": np.arange(2000, 4000).repeat(2), **amounts})
    frame.to_csv(tmp_path / "table.csv", index=False)
    cli("init", tmp_path / "table.csv", "-o", tmp_path / "table.yaml")
    with threadpool_limits(1, user_api="openmp"):
        cli(
            *("run", tmp_path / "table.yaml", "--data", tmp_path / "table.csv", "-n", 1000),
            *("-o", tmp_path / "out", "--model", "marginals"),
        )
    made = pd.read_csv(tmp_path / "out" / "rows.csv")
    assert not set(made["customer_id"]) & set(frame["customer_id"])


def test_rows_that_augment_adds_hold_nobodys_keys_and_names(tmp_path: Path) -> None:
    frame = visits(200).drop(columns="note")
    frame.to_csv(tmp_path / "table.csv", index=False)
    cli("init", tmp_path / "table.csv", "-o", tmp_path / "table.yaml")
    out = tmp_path / "more.csv"
    log = cli(
        "augment", tmp_path / "table.yaml", "--data", tmp_path / "table.csv", "-o", out, "--rows", 600,
        "--model", "marginals",
    )  # fmt: skip
    every = pd.read_csv(out, dtype=str)
    added = every[every["provenance"] == "synthetic"]
    assert len(added) == 600
    (tmp_path / "added").mkdir()
    added.to_csv(tmp_path / "added" / "rows.csv", index=False)
    (tmp_path / "added" / "log.txt").write_text(log)
    assert leaks(files(tmp_path / "added"), secrets(frame, STAYS)) == []


# --- what one subject alone shows -------------------------------------------------------------------------------------

PLANTED = ("zanzibar", "987.5", "987", "1901-02-03", "quaxelthorp", "1,2")


@dataclass(frozen=True)
class Planted:
    """A table in which the rows of one subject hold what nobody else's do, and what came of it."""

    folder: Path
    rows: pd.DataFrame
    schema: Schema


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(5)
    whose = np.concatenate([np.repeat(np.arange(80), 8), np.full(60, 80)])
    rows, one = len(whose), np.flatnonzero(whose == 80)
    wards = rng.choice(["north", "south", "east"], rows)
    floors = np.where(wards == "north", rng.choice(["N1", "N2"], rows), rng.choice(["S1", "S2"], rows))
    clinic = rng.choice([f"clinic {letter}" for letter in "abcdef"], rows)
    weight = rng.normal(75, 12, rows).round(1)
    seen = (pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 600, rows), unit="D")).strftime("%Y-%m-%d")
    seen = seen.to_numpy(object)
    note = np.array(
        [
            f"The patient, {rng.integers(20, 90)} years old, came with {rng.choice(['chest pain', 'a red rash'])}. "
            f"{rng.choice(['No fever.', 'A slight fever.', 'Seen before.'])}"
            for _ in range(rows)
        ],
        object,
    )
    clinic[one[:20]] = "zanzibar"
    weight[one[:8]] = 987.5
    seen[one[:9]] = "1901-02-03"
    wards[one[:12]], floors[one[:12]] = "north", "S2"
    note[one[:30]] = [f"Quaxelthorp came again, this time with chest pain. {text}" for text in note[one[:30]]]
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{7000 + 13 * number:06d}" for number in whose],
            **{"ward": wards, "floor": floors, "clinic": clinic, "weight": weight, "seen": seen, "note": note},
        }
    )
    frame = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    data, schema = folder / "table.csv", folder / "table.yaml"
    frame.to_csv(data, index=False)
    cli("init", data, "-o", schema)
    told = yaml.safe_load(schema.read_text())
    told["fields"]["note"]["model"] = SHORT
    told["constraints"] = [{"kind": "combinations", "fields": ["ward", "floor"]}]
    schema.write_text(yaml.safe_dump(told, sort_keys=False))
    cli("train", schema, "--data", data, "-o", folder / "model", "--model", "marginals")
    cli("generate", folder / "model", "-n", 2000, "-o", folder / "rows.csv")
    data.unlink()
    return Planted(folder, pd.read_csv(folder / "rows.csv"), Schema.load(schema))


def test_the_subject_of_planted_rows_is_found(planted: Planted) -> None:
    assert planted.schema.subject == ("patient_id",)


def test_a_category_of_one_subject_is_not_learned(planted: Planted) -> None:
    assert leaks(files(planted.folder), {"zanzibar"}) == []
    assert planted.rows["clinic"].nunique() == 7  # those of many, and what stands for the rare


def test_an_extreme_of_one_subject_is_not_learned(planted: Planted) -> None:
    assert leaks(files(planted.folder), {"987.5", "9875"}) == []
    assert planted.rows["weight"].max() < 130
    numbers = [float(each) for path in files(planted.folder) for each in cells(path) if re.fullmatch(r"\d+\.\d", each)]
    assert not [each for each in numbers if abs(each - 987.5) < 0.05]


def test_a_range_does_not_tell_of_an_extreme_of_one_subject(planted: Planted) -> None:
    assert planted.schema.fields["weight"].max is None


def test_a_date_of_one_subject_is_not_learned(planted: Planted) -> None:
    days = (pd.Timestamp("1901-02-03") - pd.Timestamp("1970-01-01")).days
    kept = {"1901-02-03", str(days), str(days * 86_400), str(days * 86_400_000_000)}
    assert leaks(files(planted.folder), kept) == []
    assert planted.rows["seen"].min() >= "2020-12"


def test_a_name_in_many_texts_of_one_subject_is_not_learned(planted: Planted) -> None:
    assert leaks(files(planted.folder), {"quaxelthorp", "quaxel", "axelthorp"}) == []


def test_a_combination_of_one_subject_is_not_learned(planted: Planted) -> None:
    pairs = set(zip(planted.rows["ward"], planted.rows["floor"], strict=True))
    assert ("north", "S2") not in pairs
    allowed = [
        list(each)
        for path in files(planted.folder / "model")
        if path.suffix == ".yaml"
        for constraint in yaml.safe_load(path.read_text())["constraints"]
        for each in constraint["allowed"]
    ]
    assert ["north", "N1"] in allowed
    assert ["north", "S2"] not in allowed


# --- what stands in the place of real values --------------------------------------------------------------------------


def distinct_in(frame: pd.DataFrame, key: str, column: str) -> float:
    """How many values of a column a key has, on average."""
    return float(frame.groupby(key)[column].nunique().mean())


def test_as_many_rows_share_a_key_as_in_the_real_data(payments: Ran) -> None:
    real, made = (frame.groupby("customer_id").size() for frame in (payments.real, payments.rows))
    assert made.mean() == pytest.approx(real.clip(upper=100).mean(), rel=0.15)
    assert ks_2samp(real, made).pvalue > 0.01  # as 160 customers and as many others of the same bank would differ


@pytest.mark.parametrize("column", ["holder_name", "iban"])
def test_somebodys_name_and_account_are_the_same_in_all_payments(payments: Ran, column: str) -> None:
    assert distinct_in(payments.rows, "customer_id", column) == 1
    assert payments.rows[column].nunique() > 0.9 * payments.rows["customer_id"].nunique()


def test_somebody_has_a_card_or_two(payments: Ran) -> None:
    cards = payments.rows.groupby("customer_id")["card_number"].nunique()
    assert cards.max() <= 3
    assert (cards <= 2).mean() > 0.95
    real = payments.real.groupby("customer_id")["card_number"].nunique().mean()
    assert cards.mean() == pytest.approx(real, abs=0.15)
    assert payments.rows.groupby("card_number")["customer_id"].nunique().max() == 1


def test_unique_keys_stay_unique_and_as_wide(payments: Ran) -> None:
    assert payments.rows["tx_id"].is_unique
    assert set(payments.rows["tx_id"].str.len()) == set(payments.real["tx_id"].str.len())
    assert set(payments.rows["customer_id"].str.len()) == {7}


@pytest.mark.parametrize("column", ["record_no", "patient_no", "full_name", "email", "phone", "street", "sex"])
def test_what_belongs_to_a_patient_is_the_same_in_all_their_stays(stays_: Ran, column: str) -> None:
    assert distinct_in(stays_.rows, "patient_uuid", column) == 1


def ascii_of(text: str) -> str:
    for letter, plain in zip("äöüß", ("ae", "oe", "ue", "ss"), strict=True):
        text = text.replace(letter, plain)
    return re.sub(r"[^a-z]", "", text)


def test_an_email_address_fits_the_name_it_stands_beside(stays_: Ran) -> None:
    locals_ = stays_.rows["email"].str.partition("@")[0].str.lower()
    family = stays_.rows["full_name"].str.lower().str.split().str[-1].map(ascii_of)
    fits = [name in ascii_of(text) for name, text in zip(family, locals_, strict=True)]
    assert np.mean(fits) > 0.9


def test_a_given_name_fits_the_sex_it_stands_beside(stays_: Ran) -> None:
    locale = stays_.schema.fields["full_name"].locale
    given = stays_.rows["full_name"].str.split().str[0]
    women, men = ({one.split()[0] for one in pool(locale, what)} for what in ("female given", "male given"))
    sexes = says_sex(stays_.rows["sex"])
    fits = [name in (women if sex == "female" else men) for name, sex in zip(given, sexes, strict=True)]
    assert np.mean(fits) == 1
    assert lists(locale).given >= {name.lower() for name in given}


def of_doctors(doctors: int, rows: int = 600) -> pd.DataFrame:
    """Stays with a doctor each, whose names no list has, but for halves of some."""
    frame = visits(200).drop(columns="note").iloc[:rows].rename(columns={"full_name": "patient_name"})
    names = [f"Petra {each}" for each in family_names(doctors, np.random.default_rng(9))]
    who = np.random.default_rng(1).integers(0, doctors, len(frame))
    return frame.assign(doctor_name=np.array(names)[who], doctor_id=500_000 + 37 * who)


KINDS = {("patient_name" if name == "full_name" else name): kind for name, kind in STAYS.items()}
KINDS |= {"doctor_name": "name", "doctor_id": "key"}


@pytest.mark.parametrize("doctors", [25, 12])
def test_init_does_not_write_the_names_of_doctors_into_the_schema(doctors: int) -> None:
    frame = of_doctors(doctors)
    written_ = schema_of(frame).dump().lower()
    assert not [one for one in secrets(frame, {"doctor_name": "name"}) if one in written_]


def schema_of(frame: pd.DataFrame, **fields: dict[str, object]) -> Schema:
    """What `init` proposes, with some fields declared otherwise."""
    told = yaml.safe_load(Schema.infer(frame).dump())
    told["fields"] |= fields
    return Schema.parse(yaml.safe_dump(told, sort_keys=False))


ROLE = {
    "doctor_name": {"kind": "personal", "provider": "full_name", "locale": "de", "of": "doctor"},
    "doctor_id": {"kind": "identifier", "pattern": "[1-9][0-9]{5}", "integer": True, "unique": False, "of": "doctor"},
}


def test_a_doctor_has_one_name_and_is_nobodys_patient(tmp_path: Path) -> None:
    frame = of_doctors(25)
    model = train(frame, schema_of(frame, **ROLE), model="marginals")
    model.save(tmp_path / "model")
    made = generate(model, 600, real=frame).frame()
    made.to_csv(tmp_path / "rows.csv", index=False)
    assert leaks(files(tmp_path), secrets(frame, KINDS)) == []
    assert distinct_in(made, "doctor_id", "doctor_name") == 1
    assert not set(made["doctor_name"]) & set(made["patient_name"])
    assert distinct_in(made, "patient_uuid", "doctor_id") > 1.5


def test_as_many_rows_share_a_doctor_as_in_the_real_data() -> None:
    frame = of_doctors(25)
    made = generate(train(frame, schema_of(frame, **ROLE), model="marginals"), len(frame), real=frame).frame()
    assert made["doctor_id"].nunique() == pytest.approx(25, abs=5)


def two_keys() -> pd.DataFrame:
    numbers = np.arange(300)
    return pd.DataFrame(
        {
            "patient_id": [f"P-{10_000 + 7 * each}" for each in numbers],
            "case_id": [f"P-{20_000 + 3 * each}" for each in numbers],
            "age": numbers % 80,
        }
    )


def test_keys_of_two_columns_differ() -> None:
    made = Synthesizer.fit(two_keys(), model="marginals").sample(300, seed=4)
    assert (made["patient_id"] != made["case_id"]).mean() > 0.99


def test_keys_of_two_tables_differ_under_the_same_seed() -> None:
    inferred = Schema.infer(two_keys())
    one, two = (
        Synthesizer.fit(two_keys(), inferred.model_copy(update={"name": name}), model="marginals").sample(300, seed=4)
        for name in ("north", "south")
    )
    assert (one["patient_id"] != two["patient_id"]).mean() > 0.99


# --- nobody on both sides ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", [0.05, 0.1, 0.3])
def test_no_subject_is_both_trained_on_and_validated_with(validation: float) -> None:
    whose = Subjects.of(transactions(150), ["customer_id"])
    aside = Run(seed=3, subjects=whose).validation_mask(len(whose), validation)
    assert aside is not None
    batches = Batches(len(whose), batch_size=64, validation_split=validation, seed=3, validation_mask=aside)
    held, trained = set(whose.each[batches.held_out]), set(whose.each[batches.rows])
    assert not held & trained
    assert sorted(batches.every) == list(range(len(whose)))
    assert 0 < len(batches.held_out) <= max(validation, 0.27) * len(whose)  # of few subjects, more than asked for


def test_a_big_subject_does_not_leave_next_to_nothing_to_validate_with() -> None:
    whose = Subjects(1150, np.repeat(np.arange(260), [1] * 250 + [90] * 10))
    held = [int(Run(seed=seed, subjects=whose).validation_mask(1150, 0.1).sum()) for seed in range(20)]
    assert min(held) >= 0.5 * 0.1 * 1150


def test_no_text_of_a_subject_that_is_trained_on_stands_among_those_to_validate_with() -> None:
    rng = np.random.default_rng(0)
    whose = np.repeat(np.arange(100), 5)
    tokens = np.where(np.arange(12) < rng.integers(2, 12, 500)[:, None], rng.integers(1, 50, (500, 12)), 0)
    aside = Run(subjects=Subjects(500, whose)).validation_mask(500, 0.1)
    packs = pack(tokens, seed=1, validation_mask=aside)
    sides = [
        {whose[text] for row in packs.texts[chosen] for text in row if text >= 0}
        for chosen in (packs.validation_mask, ~packs.validation_mask)
    ]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 100


# --- what cannot be done ----------------------------------------------------------------------------------------------


def of_people(people: int = 60, rows: int = 5, **columns: object) -> pd.DataFrame:
    whose = np.repeat(np.arange(people), rows)
    return pd.DataFrame(
        {
            "patient_id": [f"P{1000 + 11 * each}" for each in whose],
            "age": 20 + (np.arange(len(whose)) * 7) % 60,
            "ward": np.resize(["north", "south"], len(whose)),
            **columns,
        }
    )


FIELDS = {
    "patient_id": {"kind": "identifier", "pattern": "P[0-9]{4}", "unique": False},
    "age": {"kind": "number", "integer": True},
    "ward": {"kind": "category"},
}


def test_rows_without_a_subject_count_as_one_each_and_are_told_of(tmp_path: Path) -> None:
    frame = of_people()
    frame.loc[:9, "patient_id"] = None
    frame.to_csv(tmp_path / "table.csv", index=False)
    cli("init", tmp_path / "table.csv", "-o", tmp_path / "table.yaml")
    done = CliRunner().invoke(
        main,
        [
            *("train", str(tmp_path / "table.yaml"), "--data", str(tmp_path / "table.csv")),
            *("-o", str(tmp_path / "model"), "--model", "marginals"),
        ],
    )
    assert done.exit_code == 0
    assert "10 rows do not name their subject" in done.stderr
    assert json.loads((tmp_path / "model" / "manifest.json").read_text())["subjects"] == 58 + 10


def test_a_subject_that_is_the_target_is_refused() -> None:
    with pytest.raises(SchemaError, match="is the target too"):
        Schema(name="t", subject="patient_id", target="patient_id", fields=FIELDS)


def test_fewer_subjects_than_can_hide_each_other_are_refused() -> None:
    schema = Schema(name="t", subject="patient_id", fields=FIELDS)
    with pytest.raises(DataError, match="19 subjects; at least 20 are needed"):
        Synthesizer.fit(of_people(19, 20), schema, model="marginals")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"provider": "full_nam"}, 'did you mean "full_name"'),
        ({"provider": "full_name", "locale": "xx"}, 'locale "xx" is unknown'),
        ({"provider": "iban", "locale": "ja"}, 'iban has no data for locale "ja"; it has: '),
        ({"provider": "full_name", "locale": "de-DE"}, 'did you mean "de"'),
        ({"provider": "full_name", "sex": "gender"}, "gender"),
    ],
)
def test_personal_data_that_nobody_makes_is_refused(field: dict[str, str], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Schema(name="t", fields={**FIELDS, "name": {"kind": "personal", **field}})


def test_a_pattern_without_room_beside_the_real_keys_is_refused() -> None:
    frame = pd.DataFrame({"code": [f"K{each}" for each in range(10, 95)], "age": np.arange(85) % 40})
    schema = Schema(
        name="t", fields={"code": {"kind": "identifier", "pattern": "K[0-9]{2}"}, "age": {"kind": "number"}}
    )
    with pytest.warns(PrivacyWarning, match="85% of the keys"):
        model = Synthesizer.fit(frame, schema, model="marginals")
    with pytest.raises(InputError, match="leaves only"):
        generate(model, 50, real=frame)
