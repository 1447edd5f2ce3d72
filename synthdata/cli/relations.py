"""Several tables on the command line: what `train`, `generate` and `inspect` do with them, and with sequences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthdata.cli.console import Console, duration
from synthdata.cli.paths import load_schema, names_tables
from synthdata.cli.quiet_tf import start_tensorflow
from synthdata.errors import DataError, InputError, SynthdataError
from synthdata.extras import check_installed
from synthdata.io.formats import READERS, ending_of

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.relations import Relations

__all__ = [
    "generate_related",
    "holds_tables",
    "init_related",
    "inspect_related",
    "is_related",
    "read_folder",
    "refuse",
    "table_files",
    "train_related",
]

LARGEST_MANIFEST = 16 << 20  # bytes
GUESSED = "Guessed from names, uniqueness and inclusion: check keys, `of`, `order_by` and the fields before you train."


def is_related(schema: Path) -> bool:
    """Whether a schema is of several tables, or of one whose rows follow each other."""
    if names_tables(schema):
        return True
    try:
        return load_schema(schema).sequence is not None
    except SynthdataError:
        return False  # which the command will say


def holds_tables(model: Path) -> bool:
    """Whether a model is one of several tables."""
    from synthdata.regular_files import read_regular
    from synthdata.synthesizer.artefact import MANIFEST

    try:
        return "tables" in json.loads(read_regular(model / MANIFEST, LARGEST_MANIFEST))
    except (OSError, ValueError, TypeError, RecursionError):
        return False  # which reading the model will say


def refuse(options: Mapping[str, Any]) -> None:
    """Raise InputError for an option that was given, and that several tables do not take yet."""
    for name, value in options.items():
        if value not in (None, (), ""):
            raise InputError(f"{name}: not for tables that belong together, or rows in time, yet; leave it out")


def table_files(folder: Path) -> dict[str, Path]:
    """The tables in a folder, by their names without endings; DataError if two have one name."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        ending = ending_of(path.name, READERS)
        if not ending or not path.is_file() or path.name.startswith("."):
            continue
        name = path.name[: -len(ending)]
        if name.endswith(".rejected"):
            continue
        if name in found:
            raise DataError(f'{folder}: "{found[name].name}" and "{path.name}" are both the table "{name}"; remove one')
        found[name] = path
    return found


def read_folder(console: Console, folder: Path, relations: Relations) -> dict[str, pd.DataFrame]:
    """Read the tables of a schema from a folder."""
    if not folder.is_dir():
        what = "a file" if folder.exists() else "nothing there"
        raise DataError(
            f"{folder}: found {what}; several tables are read from a folder of files, named like the tables"
        )
    files = table_files(folder)
    for name in relations.tables:
        if name not in files:
            raise DataError(f'{folder}: no file of the table "{name}", such as {name}.csv; add it')
    sources = {name: table.schema.source for name, table in relations.tables.items()}
    return {name: console.read(files[name], source) for name, source in sources.items()}


def init_related(console: Console, data: Path, output: Path | None) -> None:
    """Guess how the tables of a folder belong together, draw the tree, and write or print the schema."""
    from synthdata.cli.paths import ending_removed, write_text
    from synthdata.relations.guess import infer

    frames = {name: console.read(path) for name, path in table_files(data).items()}
    guessed = infer(frames, ending_removed(data.absolute()))
    relations = guessed.relations
    text = "".join(f"# {note}\n" for note in (GUESSED, *guessed.notes)) + relations.dump()

    def branch(name: str, depth: int) -> list[str]:
        table = relations.tables[name]
        words = [f"{len(frames[name]):,} rows", *([f"key {table.key}"] if table.key else [])]
        words += [f"of {table.of}"] if table.of else []
        words += [f"in the order of {table.order_by}"] if table.order_by else []
        below = [each for child in relations.children(name) for each in branch(child, depth + 1)]
        return [f"{'  ' * depth}{name}: {', '.join(words)}", *below]

    result = {
        "schema": None if output is None else str(output),
        "root": relations.root,
        "owners": {name: table.owner for name, table in relations.tables.items() if table.owner},
        "rows": {name: len(frames[name]) for name in relations.tables},
        "notes": list(guessed.notes),
    }
    if output is None:
        console.finish({**result, "yaml": text}, [text.removesuffix("\n")])
        return
    write_text(output, text)
    lines = [
        *branch(relations.root, 0),
        *guessed.notes,
        f"wrote {output}: {len(relations.tables)} tables",
        f"next: check it, then synthdata train {output} --data {data} -o {output.stem}.model",
    ]
    console.finish(result, lines, written=True)


def train_related(
    console: Console,
    schema: Path,
    data: Path,
    output: Path,
    *,
    seed: int,
    max_minutes: float | None,
    drop_orphans: bool,
    force: bool,
) -> None:
    """Check tables, or one of sequences, learn them and write the model."""
    from synthdata.budget import Budget

    budget = Budget.of_minutes(max_minutes)
    check_installed("train", "training")
    if names_tables(schema):
        from synthdata.relations import Relations, train

        relations = Relations.load(schema)
        frames = read_folder(console, data, relations)
        start_tensorflow(console)
        with console.progress() as listener:
            model = train(
                frames, relations, seed=seed, max_minutes=budget, drop_orphans=drop_orphans, listener=listener
            )
        model.save(output, force=force)
        next_, about = f"synthdata generate {output} --roots {model.about['subjects']} -o tables", model.describe()
    else:
        from synthdata.relations import SequenceSynthesizer

        declared = load_schema(schema)
        frame = console.typed(data, declared)
        start_tensorflow(console)
        with console.progress() as listener:
            sequences = SequenceSynthesizer.fit(frame, declared, seed=seed, max_minutes=budget, listener=listener)
        sequences.save(output, force=force)
        about = sequences.model.describe()
        next_ = f"synthdata generate {output} --roots {about['subjects']} -o rows.csv"
    learned = ", ".join(f"{name} {each['rows']:,} rows" for name, each in about["tables"].items())
    lines = [f"wrote {output}: {learned}, trained in {duration(about['seconds'])}", f"next: {next_}"]
    console.finish({"model": str(output), **about}, lines, written=True)


def generate_related(
    console: Console, model: Path, roots: int, output: Path, *, where: tuple[str, ...], seed: int, force: bool
) -> None:
    """Draw roots with all that they own, check them, and write a folder of tables; of sequences, one table."""
    from synthdata.io.writers import check_target, export
    from synthdata.relations import RelationalSynthesizer, SequenceSynthesizer, export_folder, generate
    from synthdata.relations.pipeline import check_folder

    loaded = RelationalSynthesizer.load(model)
    if loaded.whole is not None:
        check_target(output, force=force)
        sequences = SequenceSynthesizer(loaded.whole, loaded)
        with console.progress() as listener:
            one = sequences.generate(roots, where=list(where), seed=seed, listener=listener)
            export(one, output, force=force)
        validated = {loaded.whole.name: one}
    else:
        check_folder(output, force=force)
        with console.progress() as listener:
            validated = generate(loaded, roots, where=list(where), seed=seed, listener=listener)
            export_folder(validated, output, force=force)
    verdicts = {name: each.verdict() for name, each in validated.items()}
    rows = ", ".join(f"{name} {each.rows:,} rows" for name, each in verdicts.items())
    checks = sum(len(each.checks) for each in verdicts.values())
    result = {
        "output": str(output),
        "roots": roots,
        "rows": {name: each.rows for name, each in verdicts.items()},
        "passed": all(each.passed for each in verdicts.values()),
        "expectations": checks,
        "seconds": console.seconds,
    }
    lines = [f"wrote {output}: {rows}; all passed {checks} expectations, {duration(console.seconds)}"]
    console.finish(result, lines, written=True)


def inspect_related(console: Console, model: Path) -> None:
    """Describe a model of several tables: the tree of owners, with rows, columns and seconds."""
    from synthdata.relations import RelationalSynthesizer

    loaded = RelationalSynthesizer.load(model)
    about = loaded.describe()

    def branch(name: str, depth: int) -> list[str]:
        learned, fields = about["tables"][name], about["fields"][name]
        line = f"{'  ' * depth}{name}: {learned['rows']:,} rows, {len(fields)} fields, {duration(learned['seconds'])}"
        return [line, *(each for child in loaded.relations.children(name) for each in branch(child, depth + 1))]

    lines = [
        f"{about['name']}: {len(about['tables'])} tables of {about['subjects']:,} {about['root']}",
        *branch(about["root"], 1),
        f"trained in {duration(about['seconds'])}, seed {about['seed']}",
    ]
    console.finish({"model": str(model), **about}, lines)
