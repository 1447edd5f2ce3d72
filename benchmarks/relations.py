"""Which relations between columns, and inside them, synthetic rows keep: three invented tables, defaults.

usage: python benchmarks/relations.py -o OUT [--rows 10000] [--drawn 5000] [--as-inferred] [--model FAMILY]

- admissions: admitted <= discharged; stays are lognormal, of 4.9 days on average and at most 26.
- invoices: net + tax = total, to the cent.
- flights: clock times written as numbers (1259, 1300), an airport's code with its name, a running number.

Each table is written to OUT as CSV and trained with the schema that `Schema.infer` proposes, the constraints that a
user would add, and default settings; `--as-inferred` adds no constraints. The table printed has a line for each
relation:

- `real`, `sampled`: the share of rows in which it holds, of the real ones and of those that `Synthesizer.sample` draws,
  which no gate has seen.
- `rejected`: rows that the gate rejected / looked at to admit `--drawn`, for all relations of the table together;
  "refused" if it gave up.
- `mean`, `max`: of the gap, each of the real rows / of sampled rows / of rows that passed the gate. The gap is what the
  relation is about: the days of a stay, what is missing from the total, the minutes of a clock time, the step from a
  number to the next.

Writes OUT/relations.md as well.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata import GateError, Schema, Synthesizer, generate, read_table, train
from synthdata.schema.constraints import Combinations, Constraint, Ordered, RowRule

CENT = 0.005
AIRPORTS = {
    "ATL": "Atlanta", "ORD": "Chicago O'Hare", "LAX": "Los Angeles", "BOS": "Boston Logan", "MCO": "Orlando",
    "CLT": "Charlotte", "SFO": "San Francisco", "FLL": "Fort Lauderdale", "MIA": "Miami", "DCA": "Washington",
    "DTW": "Detroit", "DFW": "Dallas Fort Worth", "RDU": "Raleigh-Durham", "TPA": "Tampa", "DEN": "Denver",
    "IAH": "Houston", "MSP": "Minneapolis", "PBI": "Palm Beach", "BNA": "Nashville", "LAS": "Las Vegas",
}  # fmt: skip


@dataclass(frozen=True)
class Relation:
    """What holds in every real row, and what it is about.

    holds: whether it does in each row. gap: the figure it is about, in each row; None if there is none. declared: the
    constraint by which a user says so; None if the schema says so without.
    """

    label: str
    holds: Callable[[pd.DataFrame], np.ndarray]
    gap: Callable[[pd.DataFrame], np.ndarray] | None = None
    declared: Constraint | None = None


@dataclass(frozen=True)
class Invented:
    """An invented table and what holds in it."""

    name: str
    make: Callable[[int, np.random.Generator], pd.DataFrame]
    relations: tuple[Relation, ...]


def admissions(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    ward = rng.choice(["surgery", "medicine", "cardiology", "maternity"], rows, p=[0.3, 0.4, 0.2, 0.1])
    age = np.where(ward == "maternity", rng.normal(31, 5, rows), rng.normal(58, 18, rows)).clip(18, 95).round()
    mean = 1.355 + 0.15 * (ward == "surgery") - 0.35 * (ward == "maternity") + 0.004 * (age - 55)
    days = rng.lognormal(mean, 0.7)
    while (long := days > 26).any():
        days[long] = rng.lognormal(mean[long], 0.7)
    admitted = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 2 * 365 * 24 * 60, rows), unit="min")
    discharged = (admitted + pd.to_timedelta(days, unit="D")).floor("min")
    written = {"admitted": admitted.strftime("%Y-%m-%d %H:%M"), "discharged": discharged.strftime("%Y-%m-%d %H:%M")}
    return pd.DataFrame({"ward": ward, "age": age.astype(int), **written, "emergency": rng.random(rows) < 0.6})


def invoices(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    kind = rng.choice(["books", "food", "tools", "services"], rows, p=[0.15, 0.25, 0.35, 0.25])
    net = np.round(rng.lognormal(np.where(kind == "services", 5.5, 3.8), 0.9), 2)
    tax = np.round(net * np.where(np.isin(kind, ["books", "food"]), 0.07, 0.19), 2)
    paid = rng.choice(["card", "transfer", "cash"], rows, p=[0.5, 0.35, 0.15])
    return pd.DataFrame({"kind": kind, "paid": paid, "net": net, "tax": tax, "total": np.round(net + tax, 2)})


def flights(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    share = 1 / np.arange(2, len(AIRPORTS) + 2)
    airport = rng.choice(list(AIRPORTS), rows, p=share / share.sum())
    hour = np.where(rng.random(rows) < 0.5, rng.normal(9, 1.5, rows), rng.normal(17, 2, rows))
    scheduled = (hour * 60).clip(330, 1380).round()
    late = np.where(rng.random(rows) < 0.6, rng.integers(-10, 5, rows), rng.exponential(30, rows)).clip(-10, 59)
    scheduled, departed = scheduled.astype(int), (scheduled + late).astype(int)
    return pd.DataFrame(
        {
            "flight": np.arange(1, rows + 1),
            "airport": airport,
            "airport_name": [AIRPORTS[code] for code in airport],
            "scheduled": scheduled // 60 * 100 + scheduled % 60,
            "departed": departed // 60 * 100 + departed % 60,
        }
    )


def stay(frame: pd.DataFrame) -> np.ndarray:
    return ((frame["discharged"] - frame["admitted"]) / pd.Timedelta(days=1)).to_numpy(float)


def remainder(frame: pd.DataFrame) -> np.ndarray:
    return (frame["total"] - frame["net"] - frame["tax"]).abs().to_numpy(float)


def minutes(name: str) -> Callable[[pd.DataFrame], np.ndarray]:
    return lambda frame: (frame[name] % 100).to_numpy(float)


def clock(name: str) -> Relation:
    of = minutes(name)
    return Relation(f"{name}: a clock time", lambda frame: of(frame) < 60, of, RowRule(rule=f"{name} % 100 < 60"))


def steps(frame: pd.DataFrame) -> np.ndarray:
    return np.diff(np.sort(pd.to_numeric(frame["flight"]).to_numpy(float)))


def named(frame: pd.DataFrame) -> np.ndarray:
    return (frame["airport"].astype(str).map(AIRPORTS) == frame["airport_name"].astype(str)).to_numpy(bool)


TABLES = (
    Invented(
        "admissions",
        admissions,
        (
            Relation(
                "admitted <= discharged",
                lambda frame: stay(frame) >= 0,
                stay,
                Ordered(low="admitted", high="discharged"),
            ),
        ),
    ),
    Invented(
        "invoices",
        invoices,
        (
            Relation(
                "net + tax = total",
                lambda frame: remainder(frame) < CENT,
                remainder,
                RowRule(rule=f"total - net - tax < {CENT} and net + tax - total < {CENT}"),
            ),
        ),
    ),
    Invented(
        "flights",
        flights,
        (
            clock("scheduled"),
            clock("departed"),
            Relation("airport: one name", named, declared=Combinations(fields=["airport", "airport_name"])),
            Relation("flight: no number twice", lambda frame: ~frame["flight"].duplicated().to_numpy(), steps),
        ),
    ),
)


def measured(table: Invented, options: argparse.Namespace) -> list[str]:
    """The lines of one table."""
    path = options.out / f"{table.name}.csv"
    table.make(options.rows, np.random.default_rng(7)).to_csv(path, index=False)
    schema = Schema.infer(path, table.name)
    if not options.as_inferred:
        said = {constraint.label() for constraint in schema.constraints}
        own = [each.declared for each in table.relations if each.declared and each.declared.label() not in said]
        schema = schema.replace(constraints=(*schema.constraints, *own))
    real = read_table(path)
    began = time.perf_counter()
    synthesizer = train(real, schema, model=options.model)
    seconds = time.perf_counter() - began
    sampled = synthesizer.sample(options.drawn)
    passed, rejected = through_the_gate(synthesizer, options.drawn)
    frames = [schema.read(real), sampled, passed]
    lines = []
    for one in table.relations:
        shares = [f"{one.holds(frame).mean():.4f}" for frame in frames[:2]]
        gaps = [one.gap(frame) for frame in frames if frame is not None] if one.gap else []
        means, most = (" / ".join(f"{of(gap):,.2f}" for gap in gaps) for of in (np.mean, np.max))
        lines.append(f"| {table.name} | {one.label} | {' | '.join(shares)} | {rejected} | {means} | {most} |")
    print(f"{table.name}: {len(real):,} rows, {synthesizer.family}, trained in {seconds:.0f} s", flush=True)
    return lines


def through_the_gate(synthesizer: Synthesizer, rows: int) -> tuple[pd.DataFrame | None, str]:
    """Rows that passed, None if the gate gave up; and how many were rejected of how many."""
    validated = generate(synthesizer, rows)
    try:
        frame = validated.frame()
    except GateError as error:
        verdict = error.verdict
        return None, "refused" if verdict is None else f"{verdict.rejected:,} / {verdict.sampled:,}, refused"
    verdict = validated.verdict()
    return frame, f"{verdict.rejected:,} / {verdict.sampled:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--drawn", type=int, default=5000)
    parser.add_argument("--as-inferred", action="store_true")
    parser.add_argument("--model", help="the family; that of the inferred schema if none")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = [
        "| table | relation | real | sampled | rejected | mean: real / sampled / passed | max, likewise |",
        "|---" * 7 + "|",
    ]
    for table in TABLES:
        lines += measured(table, options)
    text = "\n".join(lines) + "\n"
    (options.out / "relations.md").write_text(text)
    print(f"\n{text}")


if __name__ == "__main__":
    main()
