"""`synthdata inspect`: describe a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.options import PATH
from synthdata.cli.relations import holds_tables, inspect_related

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata inspect model")
@click.argument("model", type=PATH)
@with_console
def command(console: Console, model: Path) -> None:
    """Describe MODEL: its family, settings, fields and training. Its files are checked against their hashes."""
    from synthdata.synthesizer import Synthesizer

    if holds_tables(model):
        inspect_related(console, model)
        return
    about = Synthesizer.load(model).describe()
    settings = ", ".join(f"{key} {value}" for key, value in about["settings"].items())
    wide = max(map(len, about["fields"]))
    lines = [
        f"{about['name']}: {about['family']}, {about['parameters']:,} parameters",
        f"trained on {about['rows']:,} rows in {duration(about['seconds'])}, seed {about['seed']}",
        *([f"chosen for {about['chosen']}"] if "chosen" in about else []),
        *([f"settings: {settings}"] if settings else []),
        *([f"training: {_training(about['training'])}"] if "training" in about else []),
        *([f"target: {about['target']}"] if about["target"] else []),
        *([f"subject: {', '.join(about['subject'])} ({about['subjects']:,} of them)"] if about["subject"] else []),
        *about.get("warnings", ()),
        "fields:",
        *(f"  {name:<{wide}}  {kind}" for name, kind in about["fields"].items()),
        *(["conditioned on the other columns:"] if about["stages"] else []),
        *(
            f"  {name}: {each['family']}, {each['parameters']:,} parameters, {each['epochs']} epochs"
            for name, each in about["stages"].items()
        ),
        *(["derived columns:"] if about["derived_columns"] else []),
        *(f"  {name} is computed from {', '.join(others)}" for name, others in about["derived_columns"].items()),
        *(["copied columns:"] if about["copied_columns"] else []),
        *(
            f"  {name} may repeat the value of {' or '.join(others)}"
            for name, others in about["copied_columns"].items()
        ),
        *(["functional dependencies:"] if about["functional_dependencies"] else []),
        *(f"  {name} is determined by {other}" for name, other in about["functional_dependencies"].items()),
        *(["constraints:"] if about["constraints"] else []),
        *(f"  {label}" for label in about["constraints"]),
    ]
    console.finish({"model": str(model), **about}, lines)


def _training(training: Mapping[str, Any]) -> str:
    return (
        f"the weights of epoch {training['best_epoch']} of {training['epochs']} were kept, "
        f"validation {training['validation']:.3f} ({training['validated_by']})"
    )
