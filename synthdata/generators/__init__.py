"""Generators: from blocks to more of the same blocks.

To add one: write its file (see `base`), name it in `FAMILIES`; the contract tests do the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from synthdata.errors import SchemaError, nearest
from synthdata.generators.base import Generator
from synthdata.generators.choice import AUTO, AutoSettings, choose

__all__ = ["AUTO", "FAMILIES", "choose", "family", "settings"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads; what goes wrong is raised as well

FAMILIES: dict[str, str] = {  # family: module and class, imported when asked for, since TensorFlow takes seconds
    "transformer": "synthdata.generators.tabular.transformer:TabularTransformer",
    "vae": "synthdata.generators.tabular.vae:TabularVAE",
    "gan": "synthdata.generators.tabular.gan:TabularGAN",
    "marginals": "synthdata.generators.marginals:Marginals",
}


def family(name: str) -> type[Generator]:
    """Return the generator class of a family."""
    if name not in FAMILIES:
        raise SchemaError(f'unknown model family "{name}"; {nearest(name, [*FAMILIES, AUTO])}')
    module, _, class_name = FAMILIES[name].partition(":")
    generator: type[Generator] = getattr(import_module(module), class_name)
    return generator


def settings(name: str, options: Mapping[str, Any]) -> Any:
    """Check a family's hyperparameters and return them as its settings; SchemaError names the wrong one."""
    model = AutoSettings if name == AUTO else family(name).Settings
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
