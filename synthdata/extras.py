"""Optional dependencies: which packages an extra installs, and the one line that asks for it.

The base install samples, validates and evaluates. Whatever needs more says so through `needed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from synthdata.errors import MissingExtraError

__all__ = ["EXTRAS", "Extra", "check_installed", "is_installed", "needed"]


@dataclass(frozen=True)
class Extra:
    """What an extra is called in a message, and the packages, by their import names, that it installs."""

    title: str
    packages: tuple[str, ...]


EXTRAS = {
    "train": Extra("TensorFlow", ("tensorflow", "keras", "tensorflow_probability", "tf_keras")),
    "pretrained": Extra("KerasHub", ("keras_hub",)),
    "excel": Extra("python-calamine", ("python_calamine",)),
    "stats": Extra("pyreadstat", ("pyreadstat",)),
    "tune": Extra("Optuna", ("optuna",)),
    "augment": Extra("imbalanced-learn", ("imblearn",)),
}


def is_installed(extra: str) -> bool:
    """Whether all packages of an extra are there; none is imported."""
    try:
        return all(find_spec(package) is not None for package in EXTRAS[extra].packages)
    except ModuleNotFoundError:  # an import hook refuses them
        return False


def check_installed(extra: str, what: str) -> None:
    """Raise MissingExtraError unless an extra is installed. what: what the caller wanted, as in "training"."""
    if not is_installed(extra):
        raise MissingExtraError(_message(extra, what))


@contextmanager
def needed(extra: str, what: str) -> Iterator[None]:
    """Raise MissingExtraError where an import inside the block fails for want of an extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRAS[extra].packages:
            raise
        raise MissingExtraError(_message(extra, what)) from None


def _message(extra: str, what: str) -> str:
    return f"{what} needs {EXTRAS[extra].title}: pip install 'synthdata[{extra}]'"
