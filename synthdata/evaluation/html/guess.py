"""The human two-sample test as one HTML file: which images are real? The page counts how many answers were right."""

from __future__ import annotations

import json
from base64 import b64encode

from synthdata.evaluation.html.page import environment
from synthdata.evaluation.report import HumanTest, Report
from synthdata.fields.image.pictures import png

__all__ = ["render_human_test"]

LEAST_WIDE = 88  # pixels of an image on the page, a multiple of its own


def render_human_test(report: Report) -> str:
    """The page. The same report gives the same bytes."""
    sets = [_images(test) for test in report.human_tests]
    answers = [[bool(real) for real in test.is_real] for test in report.human_tests]
    encoded = b64encode(json.dumps(answers).encode()).decode()  # not to be read by accident
    return environment().get_template("guess.html.jinja").render(name=report.name, sets=sets, answers=encoded)


def _images(test: HumanTest) -> dict[str, object]:
    width = test.images.shape[2]
    return {
        "field": test.field,
        "images": [b64encode(png(image)).decode() for image in test.images],
        "labels": test.labels or ("",) * len(test.images),
        "width": width * max(1, -(-LEAST_WIDE // width)),
    }
