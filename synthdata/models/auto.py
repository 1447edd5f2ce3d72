"""`model: auto`: which family a table gets, and why. The rule is in docs/schema.md, its reasons in docs/results.md."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field as Key

from synthdata.models.base import Settings

__all__ = ["MOST_COLUMNS", "AutoSettings", "Choice", "choose"]

MOST_COLUMNS = 300  # the Transformer's sampling time grows with the square of the columns


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
