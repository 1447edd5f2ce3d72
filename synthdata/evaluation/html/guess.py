"""Images for a person to tell apart, as a page that needs nothing else: which are real? It says how many were right."""

from __future__ import annotations

import json
from base64 import b64encode

from synthdata.evaluation.html.page import environment
from synthdata.evaluation.report import Guessing, Report
from synthdata.fields.image.pictures import png

__all__ = ["render_guessing"]

LEAST_WIDE = 88  # pixels an image is drawn wide, in whole steps of its own


def render_guessing(report: Report) -> str:
    """Write the page. The same report gives the same bytes."""
    sets = [_shown(guessing) for guessing in report.guessing]
    answers = [[bool(real) for real in guessing.is_real] for guessing in report.guessing]
    told = b64encode(json.dumps(answers).encode()).decode()  # not to be read by accident
    return environment().get_template("guess.html.jinja").render(name=report.name, sets=sets, told=told)


def _shown(guessing: Guessing) -> dict[str, object]:
    width = guessing.images.shape[2]
    return {
        "field": guessing.field,
        "images": [b64encode(png(image)).decode() for image in guessing.images],
        "labels": guessing.labels or ("",) * len(guessing.images),
        "width": width * max(1, -(-LEAST_WIDE // width)),
    }
