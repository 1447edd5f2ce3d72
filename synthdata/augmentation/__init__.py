"""Augmentation: more rows for a training set and whether they help; drawn values in place of missing ones.

amounts      how many rows of which kind
augmenting   real and synthetic rows in one table, marked and gated
proving      whether it helps, by cross-validation; remedies, what it is compared with
fairness     the target in the groups of a sensitive column
augmenter, imputer   the same as scikit-learn estimators; frames, labels, what they are handed
"""

from synthdata.augmentation.amounts import Amount
from synthdata.augmentation.augmenter import Augmenter
from synthdata.augmentation.augmenting import Augmented, augment
from synthdata.augmentation.imputer import Imputer
from synthdata.augmentation.proof.prove import Proof, prove

__all__ = ["Amount", "Augmented", "Augmenter", "Imputer", "Proof", "augment", "prove"]
