"""Proof: does augmentation help a learner? Cross-validation, baselines, simultaneous intervals, and their page."""

from synthdata.augmentation.proof.gains import Gains, Line
from synthdata.augmentation.proof.prove import Proof, prove
from synthdata.augmentation.proof.write import check_gains, write_gains

__all__ = ["Gains", "Line", "Proof", "check_gains", "prove", "write_gains"]
