"""Checks of a schema as a whole: names that exist, fields, constraints and a subject that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthdata.errors import SchemaError, nearest
from synthdata.metrics import METRICS
from synthdata.schema.constraints import Constraint, Ordered

if TYPE_CHECKING:
    from synthdata.schema.schema import Schema

__all__ = ["check_schema"]


def check_schema(schema: Schema, source: str) -> None:
    """Raise SchemaError for what contradicts itself. source: how the message names the schema."""
    for name, field in schema.fields.items():
        problem = field.check()
        if problem:
            raise SchemaError(f'{source}, field "{name}": {problem}')
    for name in (*schema.statistics(), *schema.set_statistics()):
        if name in schema.fields:
            reserved = "this name is reserved for a statistic of another field; rename the field"
            raise SchemaError(f'{source}, field "{name}": {reserved}')
    if schema.target is not None and schema.target not in schema.fields:
        raise SchemaError(f'{source}, target: no field "{schema.target}"; {nearest(schema.target, schema.fields)}')
    _check_subject(schema, source)
    for name, field in schema.fields.items():
        if field.like is not None and (field.like not in schema.fields or schema.fields[field.like].is_made):
            learned = [other for other, each in schema.fields.items() if not each.is_made]
            raise SchemaError(
                f'{source}, field "{name}": no learned field "{field.like}" to fit; {nearest(field.like, learned)}'
            )
    for score in schema.require:
        if score not in METRICS:
            raise SchemaError(f'{source}, require: no score "{score}"; {nearest(score, METRICS)}')
    for number, constraint in enumerate(schema.constraints, 1):
        _check_constraint(constraint, schema, f"{source}, constraint {number}")


def _check_subject(schema: Schema, source: str) -> None:
    if not isinstance(schema.subject, tuple):  # as pydantic's model_copy lets pass
        raise SchemaError(f"{source}, subject: found {schema.subject!r}; give a tuple of columns, () for none")
    for name in schema.subject:
        if name not in schema.fields:
            raise SchemaError(f'{source}, subject: no field "{name}"; {nearest(name, schema.fields)}')
    if schema.target in schema.subject:
        raise SchemaError(
            f'{source}, subject: "{schema.target}" is the target too; what tells people apart cannot be predicted '
            f"of new ones: name another target, or another subject"
        )
    if schema.subject and not any(schema.fields[name].is_made for name in schema.subject):
        name = schema.subject[-1]
        raise SchemaError(
            f'{source}, subject: "{name}" is a {schema.fields[name].kind}, which would be learned; what names '
            f"somebody is made anew: {{kind: identifier, unique: false}}, or personal"
        )


def _check_constraint(constraint: Constraint, schema: Schema, where: str) -> None:
    try:
        problem, columns = constraint.check(), constraint.columns()
    except SchemaError as error:
        raise SchemaError(f"{where}: {error}") from None
    if problem:
        raise SchemaError(f"{where}: {problem}")
    for column in dict.fromkeys(columns):
        if column not in schema.fields:
            raise SchemaError(f'{where}: no field "{column}"; {nearest(column, schema.fields)}')
    kinds = {schema.fields[column].kind: column for column in columns}
    if isinstance(constraint, Ordered) and len(kinds) > 1:
        found = " with ".join(f'{kind} "{column}"' for kind, column in kinds.items())
        raise SchemaError(f"{where}: compares {found}; order needs two fields of one kind")
