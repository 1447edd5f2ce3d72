"""Evaluation: fidelity, utility and privacy of synthetic records, as scores and as a report page."""

from synthdata.evaluation.evaluate import evaluate
from synthdata.evaluation.html.write import check_folder, write_report
from synthdata.evaluation.report import Report
from synthdata.evaluation.score import Score

__all__ = [
    "Report",
    "Score",
    "check_folder",
    "evaluate",
    "write_report",
]
