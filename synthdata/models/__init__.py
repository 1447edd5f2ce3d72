"""Generators: from blocks to more of the same blocks.

To add one: write its file (see `base`), name it in `FAMILIES`; the contract tests do the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from synthdata.blocks import Block, Pixels, Tokens
from synthdata.errors import SchemaError, nearest
from synthdata.models.auto import AUTO, AutoSettings, choose
from synthdata.models.base import Generator, Settings

__all__ = ["AUTO", "FAMILIES", "FIELD_FAMILIES", "choose", "family", "field_family", "field_settings", "settings"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads; what goes wrong is raised as well

FAMILIES: dict[str, str] = {  # family: module and class, imported when asked for, since TensorFlow takes seconds
    "transformer": "synthdata.models.tabular.transformer.model:TransformerGenerator",
    "vae": "synthdata.models.tabular.vae.model:VAEGenerator",
    "gan": "synthdata.models.tabular.gan.model:GANGenerator",
    "marginals": "synthdata.models.tabular.marginals.model:MarginalsGenerator",
}

FIELD_FAMILIES: dict[type[Block], dict[str, str]] = {  # of fields that are no part of a table; the default first
    Pixels: {
        "gan": "synthdata.models.image.gan.model:ImageGANGenerator",
        "vae": "synthdata.models.image.vae.model:ImageVAEGenerator",
        "transformer": "synthdata.models.image.transformer.model:ImageTransformerGenerator",
    },
    Tokens: {
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
    generator: type[Generator] = _imported(FAMILIES[name])
    return generator


def field_family(block: Block, name: str) -> type[Generator]:
    """Return the generator class of a family for an image or text block."""
    known = FIELD_FAMILIES[type(block)]
    if name not in known:
        raise SchemaError(f'unknown model family "{name}" of {type(block).__name__.lower()}; {nearest(name, known)}')
    generator: type[Generator] = _imported(known[name])
    return generator


def _imported(place: str) -> Any:
    module, _, class_name = place.partition(":")
    return getattr(import_module(module), class_name)


def settings(name: str, options: Mapping[str, Any]) -> Any:
    """Check a family's hyperparameters and return them as its settings; SchemaError names the wrong one."""
    return _checked(name, AutoSettings if name == AUTO else family(name).Settings, options)


def field_settings(block: Block, name: str | None, options: Mapping[str, Any]) -> tuple[str, Any]:
    """The family of an image or text block, the first if none is named, and its settings; SchemaError as above."""
    name = name or next(iter(FIELD_FAMILIES[type(block)]))
    return name, _checked(name, field_family(block, name).Settings, options)


def _checked(name: str, model: type[Settings], options: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            known = nearest(key, model.model_fields)
            raise SchemaError(f'model: "{key}" is no hyperparameter of {name}; {known}') from None
        if not key:
            raise SchemaError(f"model: {first['msg'].removeprefix('Value error, ')}") from None
        raise SchemaError(f"model, {key}: {first['msg'].lower()}, found {first['input']!r}") from None
