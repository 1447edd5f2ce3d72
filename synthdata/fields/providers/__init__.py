"""Values for personal data that is replaced, never learned. To add a sort: see `base`."""

from __future__ import annotations

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.catalogue import PROVIDERS, locale_problem
from synthdata.fields.providers.detection import Detected, are_names, detect
from synthdata.fields.providers.in_texts import find_in_texts

__all__ = ["PROVIDERS", "Detected", "People", "Provider", "are_names", "detect", "find_in_texts", "locale_problem"]
