"""Synthetic tables, images and texts: learn real records, sample new ones, export only validated rows.

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
    from synthdata.models.image.gan.model import ImageGAN
    from synthdata.models.image.transformer.model import ImageTransformer
    from synthdata.models.image.vae.model import ImageVAE
    from synthdata.models.tabular.gan.model import GAN
    from synthdata.models.tabular.marginals.model import Marginals
    from synthdata.models.tabular.transformer.model import Transformer
    from synthdata.models.tabular.vae.model import VAE
    from synthdata.models.text.gan.model import TextGAN
    from synthdata.models.text.pretrained.model import PretrainedText
    from synthdata.models.text.transformer.model import TextTransformer
    from synthdata.models.text.vae.model import TextVAE
    from synthdata.pipeline import generate, train
    from synthdata.schema import Schema, Source
    from synthdata.synthesizer import Synthesizer
    from synthdata.tuning import Tuned, tune
    from synthdata.validation import Suite, Validated, Verdict, validate

__all__ = [
    "GAN",
    "VAE",
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
    "ImageGAN",
    "ImageTransformer",
    "ImageVAE",
    "Imputer",
    "InputError",
    "Marginals",
    "MissingExtraError",
    "Number",
    "OutputError",
    "Personal",
    "PretrainedText",
    "PrivacyWarning",
    "Proof",
    "Report",
    "RequirementError",
    "Schema",
    "SchemaError",
    "Source",
    "Suite",
    "SynthdataError",
    "Synthesizer",
    "Text",
    "TextGAN",
    "TextTransformer",
    "TextVAE",
    "TrainingError",
    "Transformer",
    "Tuned",
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
        "ArtefactError",
        "ConditionError",
        "DataError",
        "GateError",
        "InputError",
        "MissingExtraError",
        "OutputError",
        "PrivacyWarning",
        "RequirementError",
        "SchemaError",
        "SynthdataError",
        "TrainingError",
    ),
    "evaluation": ("Report", "evaluate", "write_report"),
    "fields": ("Boolean", "Category", "Datetime", "Identifier", "Image", "Number", "Personal", "Text"),
    "io.readers": ("read_table",),
    "io.writers": ("export",),
    "models.image.gan.model": ("ImageGAN",),
    "models.image.transformer.model": ("ImageTransformer",),
    "models.image.vae.model": ("ImageVAE",),
    "models.tabular.gan.model": ("GAN",),
    "models.tabular.marginals.model": ("Marginals",),
    "models.tabular.transformer.model": ("Transformer",),
    "models.tabular.vae.model": ("VAE",),
    "models.text.gan.model": ("TextGAN",),
    "models.text.pretrained.model": ("PretrainedText",),
    "models.text.transformer.model": ("TextTransformer",),
    "models.text.vae.model": ("TextVAE",),
    "pipeline": ("generate", "train"),
    "schema": ("Schema", "Source"),
    "synthesizer": ("Synthesizer",),
    "tuning": ("Tuned", "tune"),
    "validation": ("Suite", "Validated", "Verdict", "validate"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"synthdata.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
