"""An attack on training rows against the same attack on held-out rows, its control group."""

from __future__ import annotations

from synthdata.evaluation.privacy.statistics import Share
from synthdata.evaluation.score import Score

__all__ = ["RISK_LIMIT", "against_control"]

RISK_LIMIT = 0.01  # what is large enough to matter, beyond chance


def against_control(name: str, attack: Share, control: Share, margin: float = RISK_LIMIT) -> Score:
    """The score of an attack. It fails if the attack succeeds more often on training than on held-out rows.

    Its risk is the success that the control does not explain (Giomi et al. 2023, arXiv:2211.10459).
    """
    risk = (attack.value - control.value) / max(1 - control.value, 1e-9)
    failed = attack.exceeds(control) and risk > margin
    values = {"synthetic": attack.value, "holdout": control.value}
    score = Score.anchored(name, values, interval=attack.interval(), note=f"risk {risk:.3f}")
    return score.judged(failed, f"at most {margin:g} above held-out rows, or not significant")
