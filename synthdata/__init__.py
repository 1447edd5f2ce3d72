"""Learn a table, draw new rows from it, and let nothing out that has not been checked.

The public names load on first use, so that `import synthdata` loads neither TensorFlow nor Great Expectations.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthdata.augmentation import Amount, Augmenter, Gains, Imputer, Proof, augment, prove, write_gains
    from synthdata.augmentations import transform
    from synthdata.errors import (
        ArtefactError,
        ConditionError,
        DataError,
        GateError,
        InputError,
        MissingExtraError,
        OutputError,
        PrivacyWarning,
        RequirementError,
        SchemaError,
        SynthdataError,
        TrainingError,
    )
    from synthdata.evaluation import Report, evaluate, write_report
    from synthdata.fields import Boolean, Category, Datetime, Identifier, Image, Number, Personal, Text
    from synthdata.io.readers import read_table
    from synthdata.io.writers import export
    from synthdata.pipeline import generate, train
    from synthdata.schema import Schema
    from synthdata.synthesizer import Synthesizer
    from synthdata.tuning import tune
    from synthdata.validation import Suite, Validated, Verdict, validate

__all__ = [
    "Amount",
    "ArtefactError",
    "Augmenter",
    "Boolean",
    "Category",
    "ConditionError",
    "DataError",
    "Datetime",
    "Gains",
    "GateError",
    "Identifier",
    "Image",
    "Imputer",
    "InputError",
    "MissingExtraError",
    "Number",
    "OutputError",
    "Personal",
    "PrivacyWarning",
    "Proof",
    "Report",
    "RequirementError",
    "Schema",
    "SchemaError",
    "Suite",
    "SynthdataError",
    "Synthesizer",
    "Text",
    "TrainingError",
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
    "tune",
    "validate",
    "write_gains",
    "write_report",
]

try:
    __version__ = version("synthdata")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "0.1.0"

_ROOMS = {  # where each public name is; the imports above say the same to type checkers, and a test holds them equal
    "augmentation": ("Amount", "Augmenter", "Gains", "Imputer", "Proof", "augment", "prove", "write_gains"),
    "augmentations": ("transform",),
    "errors": (
        *(
            "ArtefactError",
            "ConditionError",
            "DataError",
            "GateError",
            "InputError",
            "MissingExtraError",
            "OutputError",
        ),
        *("PrivacyWarning", "RequirementError", "SchemaError", "SynthdataError", "TrainingError"),
    ),
    "evaluation": ("Report", "evaluate", "write_report"),
    "fields": ("Boolean", "Category", "Datetime", "Identifier", "Image", "Number", "Personal", "Text"),
    "io.readers": ("read_table",),
    "io.writers": ("export",),
    "pipeline": ("generate", "train"),
    "schema": ("Schema",),
    "synthesizer": ("Synthesizer",),
    "tuning": ("tune",),
    "validation": ("Suite", "Validated", "Verdict", "validate"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"synthdata.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
