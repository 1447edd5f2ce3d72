"""Learn a table, draw new rows from it, and let nothing out that has not been checked.

The public names load on first use, so that `import synthdata` loads neither TensorFlow nor Great Expectations.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthdata.augmentation import Amount, Augmenter, Imputer, augment, prove
    from synthdata.augmentations import transform
    from synthdata.errors import GateError, InputError, SynthdataError
    from synthdata.evaluation import Report, evaluate, write_report
    from synthdata.io.readers import read_table
    from synthdata.io.writers import export
    from synthdata.pipeline import generate, train
    from synthdata.schema import Schema
    from synthdata.synthesizer import Synthesizer
    from synthdata.validation import Suite, Validated, Verdict, validate

__all__ = [
    "Amount",
    "Augmenter",
    "GateError",
    "Imputer",
    "InputError",
    "Report",
    "Schema",
    "Suite",
    "SynthdataError",
    "Synthesizer",
    "Validated",
    "Verdict",
    "augment",
    "evaluate",
    "export",
    "generate",
    "prove",
    "read_table",
    "train",
    "transform",
    "validate",
    "write_report",
]

try:
    __version__ = version("synthdata")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "0.1.0"

_ROOMS = {
    "Amount": "augmentation",
    "Augmenter": "augmentation",
    "GateError": "errors",
    "Imputer": "augmentation",
    "InputError": "errors",
    "Report": "evaluation",
    "Schema": "schema",
    "Suite": "validation",
    "Synthesizer": "synthesizer",
    "SynthdataError": "errors",
    "Validated": "validation",
    "Verdict": "validation",
    "augment": "augmentation",
    "evaluate": "evaluation",
    "export": "io.writers",
    "generate": "pipeline",
    "prove": "augmentation",
    "read_table": "io.readers",
    "train": "pipeline",
    "transform": "augmentations",
    "validate": "validation",
    "write_report": "evaluation",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"synthdata.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
