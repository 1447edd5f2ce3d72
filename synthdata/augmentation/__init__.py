"""Augmentation: what becomes of the rows of a training of one's own.

imputer    missing cells drawn, as a scikit-learn transformer
"""

from __future__ import annotations

from synthdata.augmentation.imputer import Imputer

__all__ = ["Imputer"]
