"""Which generator learns the table: a family and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from synthdata.fields.settings import as_options

__all__ = ["Model", "ModelLike"]


class Model(BaseModel):
    """A generator family, and its settings by their Python names (checked by the family)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    family: str = "transformer"

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """A name by itself is a family; settings such as `VAE(latent=4)` are one with settings."""
        return {"family": value} if isinstance(value, str) else as_options(value)

    @property
    def options(self) -> dict[str, Any]:
        """The settings that were set."""
        return dict(self.model_extra or {})


ModelLike: TypeAlias = str | Mapping[str, Any] | BaseModel
"""What `Model` is read from: a family, one with settings as in YAML, or settings such as `VAE(latent=4)`."""
