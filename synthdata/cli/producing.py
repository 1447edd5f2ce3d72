"""Sampling a model, passing the gate, exporting: what the commands that write rows share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthdata.cli.console import Console, duration
from synthdata.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.synthesizer import Synthesizer
    from synthdata.validation import Verdict

__all__ = ["produce", "prompts_by_field", "report_rows"]


def produce(
    console: Console,
    synthesizer: Synthesizer,
    rows: int,
    output: Path,
    *,
    where: tuple[str, ...],
    seed: int,
    force: bool,
    real: pd.DataFrame | None = None,
    allow_real_keys: bool = False,
    drawn: Sequence[pd.DataFrame] = (),
) -> Verdict:
    """Sample, gate and export.

    real, allow_real_keys: as for `pipeline.generate`. drawn: the seed's first rows without conditions, as far as they
    have been drawn.
    """
    from synthdata.io.writers import export
    from synthdata.pipeline import admit

    with console.progress() as listener:
        known = () if where else drawn
        more = synthesizer.stream(
            where=list(where), seed=seed, rows=max(rows - sum(map(len, known)), 1), skip=len(known)
        )
        frames = chain(known, more)
        validated = admit(synthesizer, frames, rows, real=real, allow_real_keys=allow_real_keys, listener=listener)
        export(validated, output, force=force)
    return validated.verdict()


def report_rows(console: Console, output: Path, verdict: Verdict) -> tuple[dict[str, Any], list[str]]:
    """Say what was exported: for a machine, and for a person."""
    paths = {"rows": output, "verdict": output.with_name(f"{output.name}.verdict.json")}
    rejected = output.with_name(f"{output.name}.rejected.parquet")
    if verdict.rejected:
        paths["rejected"] = rejected
    result = {
        **{f"{name}_file": str(path) for name, path in paths.items()},
        "rows": verdict.rows,
        "sampled": verdict.sampled,
        "rejected": verdict.rejected,
        "acceptance": round(verdict.acceptance, 6),
        "passed": verdict.passed,
        "expectations": len(verdict.checks),
        "seconds": console.seconds,
    }
    lines = [
        f"wrote {output}: {verdict.rows:,} rows, all passed {len(verdict.checks)} expectations "
        f"({verdict.acceptance:.1%} of {verdict.sampled:,} sampled were accepted), {duration(console.seconds)}",
        f"verdict: {paths['verdict']}",
    ]
    if verdict.rejected:
        lines.append(f"rejected rows, with the reason: {rejected}")
    return result, lines


def prompts_by_field(prompts: tuple[str, ...], fields: Collection[str]) -> str | dict[str, str] | None:
    """What texts begin with: `field=text` for a field, or a text alone for the only one. fields: those of texts."""
    if not prompts:
        return None
    if not fields:
        raise InputError("--prompt: the model has no text field")
    found: dict[str, str] = {}
    for each in prompts:
        name, equals, text = each.partition("=")
        if name in fields:
            found[name] = text
        elif equals and name.isidentifier():
            raise InputError(f'--prompt "{each}": no text field "{name}"; the text fields are {", ".join(fields)}')
        elif len(fields) > 1 or len(prompts) > 1:
            example = f'--prompt "{next(iter(fields))}={each}"'
            raise InputError(f'--prompt "{each}": name its field, {example}; the text fields are {", ".join(fields)}')
        else:
            return each
    return found
