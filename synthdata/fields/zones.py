"""Time zones: which one has the offsets that a column's cells show."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

__all__ = ["zone_of"]

USUAL = (  # among zones of the same offsets, the first
    "Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Australia/Sydney", "Asia/Jerusalem",
)  # fmt: skip


def zone_of(local: pd.Series, utc: pd.Series) -> str | None:
    """The IANA zone whose clocks show `local` (n,) at the points in time `utc` (n,), both datetimes without a zone."""
    some = np.unique((local - utc).to_numpy(), return_index=True)[1]  # one of each offset tells most zones apart
    for zone in _zones():
        if _shows(zone, local.iloc[some], utc.iloc[some]) and _shows(zone, local, utc):
            return zone
    return None


def _zones() -> Iterator[str]:
    yield from USUAL
    yield from sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def _shows(zone: str, local: pd.Series, utc: pd.Series) -> bool:
    return bool((utc.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None) == local).all())
