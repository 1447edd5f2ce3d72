"""Families of generators, by name.

To add one: write its folder (see `base`), and name it in `FAMILIES` or `FIELD_FAMILIES`. This module imports nothing
heavy, since `--help` lists the families.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from synthdata.errors import SchemaError, nearest

if TYPE_CHECKING:
    from synthdata.blocks import Block
    from synthdata.models.base import Generator, Settings

__all__ = [
    "AUTO",
    "BASELINE",
    "FAMILIES",
    "FIELD_FAMILIES",
    "families_of",
    "family",
    "field_family",
    "field_settings",
    "settings",
]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads; errors are raised anyway

AUTO = "auto"  # the family is chosen by the size of the table, see `auto`
FAMILIES: dict[str, str] = {  # family: module and class, imported on demand
    "transformer": "synthdata.models.tabular.transformer.model:TransformerGenerator",
    "vae": "synthdata.models.tabular.vae.model:VAEGenerator",
    "gan": "synthdata.models.tabular.gan.model:GANGenerator",
    "marginals": "synthdata.models.tabular.marginals.model:MarginalsGenerator",
}

BASELINE = "marginals"  # independent columns, no training: the baseline for the others

FIELD_FAMILIES: dict[str, dict[str, str]] = {  # by the block of an image or text field; the default first
    "Pixels": {
        "gan": "synthdata.models.image.gan.model:ImageGANGenerator",
        "vae": "synthdata.models.image.vae.model:ImageVAEGenerator",
        "transformer": "synthdata.models.image.transformer.model:ImageTransformerGenerator",
    },
    "Tokens": {
        "transformer": "synthdata.models.text.transformer.model:TextTransformerGenerator",
        "vae": "synthdata.models.text.vae.model:TextVAEGenerator",
        "gan": "synthdata.models.text.gan.model:TextGANGenerator",
        "pretrained": "synthdata.models.text.pretrained.model:PretrainedTextGenerator",
    },
}


def family(name: str) -> type[Generator]:
    """Return the generator class of a family."""
    if name not in FAMILIES:
        raise SchemaError(f'unknown model family "{name}"; {nearest(name, [*FAMILIES, AUTO])}')
    generator: type[Generator] = resolve_name(FAMILIES[name])
    return generator


def families_of(block: Block) -> dict[str, str]:
    """The families for an image or text block."""
    return FIELD_FAMILIES[type(block).__name__]


def field_family(block: Block, name: str) -> type[Generator]:
    """Return the generator class of a family for an image or text block."""
    known = families_of(block)
    if name not in known:
        raise SchemaError(f'unknown model family "{name}" of {type(block).__name__.lower()}; {nearest(name, known)}')
    generator: type[Generator] = resolve_name(known[name])
    return generator


def settings(name: str, options: Mapping[str, Any]) -> Any:
    """Check a family's settings and return them; SchemaError names the wrong one."""
    if name == AUTO:
        from synthdata.models.auto import AutoSettings

        return _checked(AutoSettings, options)
    return _checked(family(name).Settings, options)


def field_settings(block: Block, name: str | None, options: Mapping[str, Any]) -> tuple[str, Any]:
    """The family of an image or text block, the first if none is named, and its settings; SchemaError as above."""
    name = name or next(iter(families_of(block)))
    return name, _checked(field_family(block, name).Settings, options)


def _checked(model: type[Settings], options: Mapping[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise SchemaError(model.explain(error)) from None
