"""A generator's settings as plain data: how a schema or a field takes `model=VAE(latent=4)`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator

__all__ = ["OwnModel", "as_options"]


def as_options(value: Any) -> Any:
    """Return typed settings as a mapping, the family and the settings that were set; all else as it is.

    Settings are known by their `family`, so that nothing of `models` is imported here.
    """
    family = getattr(type(value), "family", None)
    if isinstance(value, BaseModel) and isinstance(family, str):
        return {"family": family, **value.model_dump(exclude_unset=True)}
    return value


OwnModel: TypeAlias = Annotated[str | dict[str, Any], BeforeValidator(as_options)]
"""The generator of a field: a family, or one with settings."""
