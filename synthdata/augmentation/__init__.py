"""Augmentation: more rows for a training set, proof of whether they help, and imputation.

amounts       how many rows of which kind
augmenting    real and synthetic rows in one table, marked and validated
fairness      the target in the groups of a sensitive column
augmenter, imputer   the same as scikit-learn estimators; frames, labels: their inputs and outputs
proof/        cross-validated gains, compared with baselines
"""

from synthdata.augmentation.amounts import Amount
from synthdata.augmentation.augmenter import Augmenter
from synthdata.augmentation.augmenting import Augmented, augment
from synthdata.augmentation.imputer import Imputer
from synthdata.augmentation.proof.gains import Gains, Line
from synthdata.augmentation.proof.prove import Proof, prove
from synthdata.augmentation.proof.write import check_gains, write_gains

__all__ = [
    "Amount",
    "Augmented",
    "Augmenter",
    "Gains",
    "Imputer",
    "Line",
    "Proof",
    "augment",
    "check_gains",
    "prove",
    "write_gains",
]
