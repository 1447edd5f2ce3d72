"""Reports and gains as files: a page for a person, JSON for a program, JUnit XML for continuous integration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

from synthdata.errors import OutputError
from synthdata.evaluation.html.guess import render_human_test
from synthdata.evaluation.html.page import render
from synthdata.evaluation.report import Report
from synthdata.evaluation.score import Score
from synthdata.io.atomic import AtomicWrite, explained

__all__ = ["FILES", "as_json", "check_folder", "junit", "output_errors", "write_files", "write_report"]

GUESS = "guess.html"


class HasJson(Protocol):
    """Anything with a JSON form."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        ...


def write_report(report: Report, folder: str | Path, *, force: bool = False) -> dict[str, Path]:
    """Write a report into a folder: as a page, as JSON, and as JUnit XML for continuous integration.

    The files are `report.html`, `report.json` and `report.xml`, and `guess.html` if real images may be shown. Each
    appears complete or not at all.

    Parameters
    ----------
    report : Report
        What `evaluate` returned.
    folder : str or Path
        Made if it does not exist.
    force : bool, default False
        Replace an earlier report.

    Returns
    -------
    dict of str to Path
        The paths, by "html", "json", "xml" and "guess".

    Raises
    ------
    OutputError
        If there is a report already and `force` is not set, or a file cannot be written.

    Examples
    --------
    >>> write_report(report, "report")["html"]  # doctest: +SKIP
    PosixPath('report/report.html')

    """
    folder = check_folder(folder, force=force)
    texts = {name: write(report) for name, write in FILES.items() if name != GUESS or report.human_tests}
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        written = write_files({folder / name: text for name, text in texts.items()})
        if GUESS not in texts:
            (folder / GUESS).unlink(missing_ok=True)  # an earlier report's
    return {"guess" if path.name == GUESS else path.suffix.removeprefix("."): path for path in written}


def check_folder(folder: str | Path, *, force: bool = False) -> Path:
    """Return the folder if a report can be written to it; OutputError if not, or if it has a report already."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; name a folder to write the report to")
    there = [name for name in FILES if (folder / name).exists()]
    if there and not force:
        raise OutputError(f"{folder / there[0]}: already exists; name another folder, or replace it with force=True")
    return folder


def write_files(texts: Mapping[Path, str]) -> list[Path]:
    """Write files of one folder, all or none."""
    with AtomicWrite(next(iter(texts))) as writing:
        for path, text in texts.items():
            with writing.new(path) as file, explained(path):
                file.write(text.encode())
        writing.commit()
    return list(texts)


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an error of the file system into an OutputError that names the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None


def junit(report: Report) -> str:
    """The scores as test cases: a missed requirement has failed, a score that was not measured was skipped."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"synthdata evaluate {report.name}",
        tests=str(len(report.scores)),
        failures=str(len(report.missed)),
        skipped=str(sum(_is_skipped(score) for score in report.scores)),
        time=str(report.seconds),
    )
    for score in report.scores:
        case = ElementTree.SubElement(suite, "testcase", classname=score.section, name=score.name)
        text = f"{score.label}: {score.note if score.value is None else f'{score.value:.4f}'}"
        if score in report.missed:
            ElementTree.SubElement(case, "failure", message=f"{text}; required is {score.limit}")
        elif _is_skipped(score):
            ElementTree.SubElement(case, "skipped", message=score.note)
        else:
            alarm = f"; an alarm: {score.limit}" if score in report.alarms else ""
            ElementTree.SubElement(case, "system-out").text = text + alarm
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _is_skipped(score: Score) -> bool:
    return score.value is None and not score.required


def as_json(report: HasJson) -> str:
    """JSON text."""
    return json.dumps(report.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


FILES: dict[str, Callable[[Report], str]] = {
    "report.html": render,
    "report.json": as_json,
    "report.xml": junit,
    GUESS: render_human_test,
}
