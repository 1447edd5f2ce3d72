"""Every family has a short run, so that no contract passes it over."""

from __future__ import annotations

import short

from synthdata.blocks import Pixels, Tokens
from synthdata.models import FAMILIES, FIELD_FAMILIES, families_of


def test_every_family_has_a_short_run():
    assert set(short.TABULAR) == set(FAMILIES)
    assert set(short.FEW_TABULAR) == set(FAMILIES) - {"marginals"}  # which is counted, not trained
    assert set(short.IMAGE) == set(short.FEW_IMAGE) == set(families_of(Pixels(8, 8, 1)))
    assert set(short.TEXT) | short.PRESET == set(families_of(Tokens(4, 9)))
    assert set(FIELD_FAMILIES) == {"Pixels", "Tokens"}
