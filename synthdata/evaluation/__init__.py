"""Evaluation: is it good, is it useful, is it safe."""

from synthdata.evaluation.evaluating import evaluate
from synthdata.evaluation.scores import Report, Score
from synthdata.evaluation.writing import check_folder, write_report

__all__ = ["Report", "Score", "check_folder", "evaluate", "write_report"]
