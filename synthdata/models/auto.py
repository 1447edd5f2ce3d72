"""Which family a table with `model: auto` gets, and an image that names none, and why.

The rules are in docs/schema.md and docs/images.md, their reasons in docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field as Key

from synthdata.blocks import Pixels
from synthdata.models.base import Settings

__all__ = ["MOST_COLUMNS", "AutoSettings", "Choice", "choose", "choose_image"]

MOST_COLUMNS = 300  # the Transformer's sampling time grows with the square of the columns
GAN_MINUTES = 5  # below which an image GAN has not learned more than blobs


class AutoSettings(Settings):
    """Settings of `model: auto`, which chooses a family by the number of columns."""

    interpolation: bool = Key(
        default=False, description="choose a family whose rows can be encoded, decoded and interpolated"
    )


@dataclass(frozen=True)
class Choice:
    """The chosen family, and the reason."""

    family: str
    why: str


def choose(asked: AutoSettings, rows: int, columns: int) -> Choice:
    """Choose for a table of `rows` rows and `columns` learned columns.

    The family's own "auto" settings then take the length of training from the rows and columns, and the training loop
    shortens its schedule to a time budget.
    """
    size = f"{rows:,} rows of {columns} columns"
    if asked.interpolation:
        return Choice("vae", f"{size}, and interpolation: only a VAE has a latent space of rows")
    if columns > MOST_COLUMNS:
        return Choice("vae", f"{size}: a Transformer's sampling grows with the square of the columns, a VAE's does not")
    return Choice("transformer", f"{size}: the most faithful family for tables of up to {MOST_COLUMNS} columns")


def choose_image(block: Pixels, minutes: float | None) -> Choice | None:
    """Choose for images that name no family, given the time limit of the whole command; None for the default."""
    if minutes is not None and minutes < GAN_MINUTES:
        return Choice("vae", f"{minutes:g} minutes are too few for a GAN of {block.height} x {block.width} pixels")
    return None
