"""Evaluation: is it good, is it useful, is it safe; what did augmentation gain."""

from synthdata.evaluation.evaluating import evaluate
from synthdata.evaluation.gains import Gains, Line
from synthdata.evaluation.scores import Report, Score
from synthdata.evaluation.writing import check_folder, check_gains, write_gains, write_report

__all__ = [
    "Gains",
    "Line",
    "Report",
    "Score",
    "check_folder",
    "check_gains",
    "evaluate",
    "write_gains",
    "write_report",
]
