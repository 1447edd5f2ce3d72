"""Gains as files: a page for a person, JSON for a program."""

from __future__ import annotations

from pathlib import Path

from synthdata.augmentation.proof.gains import Gains
from synthdata.augmentation.proof.page import render_gains
from synthdata.errors import OutputError
from synthdata.evaluation.html.write import as_json, output_errors, write_files

__all__ = ["check_gains", "write_gains"]


def write_gains(gains: Gains, path: str | Path, *, force: bool = False) -> dict[str, Path]:
    """Write `<path>.gains.html` and `<path>.gains.json`.

    Each appears whole or not at all. Returns their paths, by "html" and "json".
    """
    files = check_gains(path, force=force)
    texts = {"html": render_gains(gains), "json": as_json(gains)}
    with output_errors(Path(path)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_files({files[ending]: text for ending, text in texts.items()})
    return files


def check_gains(path: str | Path, *, force: bool = False) -> dict[str, Path]:
    """Return the files that gains go to beside a table at `path`; OutputError if one is there already."""
    path = Path(path)
    files = {ending: path.with_name(f"{path.name}.gains.{ending}") for ending in ("html", "json")}
    there = [file for file in files.values() if file.exists()]
    if there and not force:
        raise OutputError(f"{there[0]}: already exists; name another file, or replace it by force")
    return files
