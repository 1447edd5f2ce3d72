"""Augmentation: more rows for a training set, and whether they help."""

from synthdata.augmentation.amounts import Amount
from synthdata.augmentation.augmenting import Augmented, augment
from synthdata.augmentation.proving import Proof, prove

__all__ = ["Amount", "Augmented", "Proof", "augment", "prove"]
