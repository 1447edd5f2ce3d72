"""Label-preserving transforms of images and texts, as a schema names them: plain data, no Keras.

A factor has the meaning it has in the Keras or KerasHub layer that `augmentations` builds from it.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Key

__all__ = ["ImageTransforms", "TextTransforms", "Transforms"]


def _factor(value: Any, least: float, above: bool = False) -> Any:
    """Check a factor of at most 1: one number above 0, or the two ends of a range that is not 0 alone."""
    ends = tuple(value) if isinstance(value, list | tuple) else (0, value)
    numbers = len(ends) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not numbers or not (least <= ends[0] <= ends[1] <= 1) or (above and ends[0] == least):
        low = f"{'above ' if above else ''}{least:g}"
        raise ValueError(f"give a factor above 0 and up to 1, or the ends of a range, [low, high], from {low} to 1")
    if ends == (0, 0):
        raise ValueError("0 changes nothing: leave it out")
    return value


Signed: TypeAlias = Annotated[float | tuple[float, float], BeforeValidator(partial(_factor, least=-1))]
Scale: TypeAlias = Annotated[float | tuple[float, float], BeforeValidator(partial(_factor, least=-1, above=True))]
Positive: TypeAlias = Annotated[float | tuple[float, float], BeforeValidator(partial(_factor, least=0))]
Rate: TypeAlias = Annotated[float, Key(gt=0, lt=1)]


class ImageTransforms(BaseModel):
    """Random transforms of an image, applied in this order; those that are not named are not applied.

    A factor is one number, for both directions, or the two ends of a range. rotation: of a full turn. translation: of
    each side. zoom: out, or in where it is negative; height and width alike. shear: of each side. contrast: factor
    [low, high] is by 1 - low to 1 + high. brightness: of what lies between black and white. fill_mode: what stands
    where nothing of the image does; nearest repeats its edge. fill_value: the shade that constant fills with, 0 to 255.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    translation: Signed | None = None
    rotation: Signed | None = None
    zoom: Scale | None = None
    shear: Positive | None = None
    flip: Literal["horizontal", "vertical", "horizontal_and_vertical"] | None = None
    contrast: Positive | None = None
    brightness: Signed | None = None
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"
    fill_value: float = Key(default=0, ge=0, le=255)

    NAMES: ClassVar[tuple[str, ...]] = (
        "translation",
        "rotation",
        "zoom",
        "shear",
        "flip",
        "contrast",
        "brightness",
    )

    @property
    def named(self) -> dict[str, Any]:
        """The transforms, with their factors."""
        return {name: getattr(self, name) for name in self.NAMES if getattr(self, name) is not None}


class TextTransforms(BaseModel):
    """Random transforms of the words of a text, applied in this order (Wei and Zou 2019, arXiv:1901.11196).

    deletion: probability that a word is left out. swap: probability that a word trades places with another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    deletion: Rate | None = None
    swap: Rate | None = None

    @property
    def named(self) -> dict[str, Any]:
        """The transforms, with their rates."""
        return {name: rate for name, rate in self if rate is not None}


Transforms: TypeAlias = ImageTransforms | TextTransforms
