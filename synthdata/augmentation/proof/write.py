"""Gains as files: a page for a person, JSON for a program."""

from __future__ import annotations

from pathlib import Path

from synthdata.augmentation.proof.gains import Gains
from synthdata.augmentation.proof.page import render_gains
from synthdata.errors import OutputError
from synthdata.evaluation.html.write import as_json, output_errors, write_files

__all__ = ["check_gains", "write_gains"]


def write_gains(gains: Gains, path: str | Path, *, force: bool = False) -> dict[str, Path]:
    """Write gains as a page for a person and as JSON for a program.

    The files are `<path>.gains.html` and `<path>.gains.json`. Each appears complete or not at all.

    Parameters
    ----------
    gains : Gains
        What `prove` measured.
    path : str or Path
        Of the table that the gains are about, say; its folder is made if it does not exist.
    force : bool, default False
        Replace earlier gains.

    Returns
    -------
    dict of str to Path
        The paths, by "html" and "json".

    Raises
    ------
    OutputError
        If one of the files is there already and `force` is not set, or a file cannot be written.

    Examples
    --------
    >>> from synthdata import Gains, write_gains
    >>> gains = Gains("wards", "sick", "sklearn.svm.SVC", "AUC", rows=40, folds=5, confidence=0.95, lines=())
    >>> write_gains(gains, "wards.csv")["json"].name
    'wards.csv.gains.json'

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
