"""Values for personal data that is replaced, never learned. To add a sort: see `base`."""

from __future__ import annotations

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.catalogue import PROVIDERS, locale_problem

__all__ = ["PROVIDERS", "People", "Provider", "locale_problem"]
