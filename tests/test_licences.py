"""All that is installed with the package, extras included, may be used and passed on by anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.requirements import Requirement

PERMISSIVE = re.compile(
    r"(?i)apache|\bmit\b|\bbsd\b|0bsd|\bisc\b|\bpsf\b|python software foundation|python-2\.0|mpl-?2\.0|"
    r"cnri-python|mozilla public license 2\.0|\bhpnd\b|historical permission|unlicense|cc0|\bzlib\b|public domain"
)
EXTRAS = ("train", "pretrained", "excel", "stats", "tune", "augment")


def needed() -> Iterator[str]:
    """The names of all distributions that the package needs, directly or through others, as far as installed."""
    waiting, seen = [("synthdata", EXTRAS)], set[str]()
    while waiting:
        name, extras = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # an extra that is not installed here, or for another system
            continue
        yield name
        for requirement in map(Requirement, requirements):
            holds = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in (*extras, "")
            )
            if holds:
                waiting.append((requirement.name, tuple(requirement.extras)))


def licences_of(name: str) -> list[str]:
    """What a distribution says of its licence, or the text of it."""
    about = metadata.metadata(name)
    said = [about["License-Expression"]] if about["License-Expression"] else []
    said += [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    texts = [each for each in metadata.files(name) or () if each.name.upper().startswith("LICEN")]
    return said or [about["License"] or "".join(each.read_text() for each in texts)]


@pytest.mark.parametrize("name", sorted(set(needed()) - {"synthdata"}))
def test_every_dependency_has_a_permissive_licence(name: str) -> None:
    said = licences_of(name)
    parts = [part for each in said for part in re.split(r"\s+AND\s+", each)]
    assert parts
    assert all(PERMISSIVE.search(part) for part in parts if part != "License :: OSI Approved"), said
