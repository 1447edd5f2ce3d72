"""Checks of a schema as a whole: names that exist, fields, constraints and a subject that agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from synthdata.errors import SchemaError, nearest
from synthdata.fields import Datetime, Field, Number
from synthdata.metrics import METRICS
from synthdata.schema.constraints import Constraint, Coordinates, Ordered, Product, Sum
from synthdata.schema.joined import complaint, parts_of

if TYPE_CHECKING:
    from synthdata.schema.schema import Schema

__all__ = ["check_schema", "with_whole_days"]


def check_schema(schema: Schema, source: str) -> None:
    """Raise SchemaError for what contradicts itself. source: how the message names the schema."""
    for name, field in schema.fields.items():
        problem = field.check()
        if problem:
            raise SchemaError(f'{source}, field "{name}": {problem}')
    for name in (*schema.statistics(), *schema.set_statistics()):
        if name in schema.fields:
            owner = name.rpartition(".")[0]
            raise SchemaError(
                f'{source}, field "{name}": has the name of a statistic of "{owner}"; rename the column, or leave it '
                f"out (init --drop {name})"
            )
    _check_joined(schema, source)
    if schema.target is not None and schema.target not in schema.fields:
        raise SchemaError(f'{source}, target: no field "{schema.target}"; {nearest(schema.target, schema.fields)}')
    _check_subject(schema, source)
    problem = None if schema.sequence is None else schema.sequence.problem(schema)
    if problem:
        raise SchemaError(f"{source}, sequence: {problem}")
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
    _check_circles(schema, source)


def _check_joined(schema: Schema, source: str) -> None:
    whose: dict[str, str] = {}
    for name, template in schema.joined.items():
        problem = complaint(name, template, schema.fields)
        if problem:
            raise SchemaError(f'{source}, joined "{name}": {problem}')
        for part in parts_of(template):
            if part not in schema.fields:
                raise SchemaError(f'{source}, joined "{name}": no field "{part}"; {nearest(part, schema.fields)}')
            if schema.fields[part].ending:
                kind = schema.fields[part].kind
                raise SchemaError(f'{source}, joined "{name}": "{part}" is a field of kind {kind}, which is no text')
            if part in whose:
                raise SchemaError(f'{source}, joined: "{part}" stands twice; a field is part of one column')
            whose[part] = name


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
    if isinstance(constraint, Ordered):
        _check_order(constraint, schema, where)
    if isinstance(constraint, Sum):
        _check_sum(constraint, schema, where)
    if isinstance(constraint, Product | Coordinates):
        does, what = ("multiplies", "a product is of") if isinstance(constraint, Product) else ("takes", "they are")
        for column in constraint.columns():
            if not isinstance(schema.fields[column], Number):
                kind = schema.fields[column].kind
                raise SchemaError(f'{where}: {does} {kind} "{column}"; {what} numbers')


def _check_order(constraint: Ordered, schema: Schema, where: str) -> None:
    kinds = {schema.fields[column].kind: column for column in constraint.columns()}
    if len(kinds) > 1:
        found = " with ".join(f'{kind} "{column}"' for kind, column in kinds.items())
        raise SchemaError(f"{where}: compares {found}; order needs two fields of one kind")
    zoned: dict[bool, str] = {}
    for column in constraint.columns():
        field = schema.fields[column]
        if isinstance(field, Datetime):
            zoned[field.timezone is not None] = column
    if constraint.whole_days and not schema.fields[constraint.high].spans(schema.fields[constraint.low]):
        raise SchemaError(f'{where}: whole_days is for a day above a time; "{constraint.high}" or the other is none')
    if len(zoned) > 1:
        raise SchemaError(
            f'{where}: compares "{zoned[True]}", which has a timezone, with "{zoned[False]}", which has none; '
            f"give both one, or neither"
        )


def with_whole_days(constraints: Sequence[Constraint], fields: Mapping[str, Field]) -> tuple[Constraint, ...]:
    """The constraints, orders with whether the high column is a whole day."""
    return tuple(
        each.model_copy(update={"whole_days": True})
        if isinstance(each, Ordered) and each.whole_days is None and fields[each.high].spans(fields[each.low])
        else each
        for each in constraints
    )


def _check_sum(constraint: Sum, schema: Schema, where: str) -> None:
    """Raise SchemaError for what is no number, and for a total that cannot hold the decimals of its parts."""
    scales = {}
    for column in constraint.columns():
        field = schema.fields[column]
        if not isinstance(field, Number):
            raise SchemaError(f'{where}: adds up {field.kind} "{column}"; a sum is of numbers')
        scales[column] = field.scale
    total = scales[constraint.total]
    for column, scale in scales.items():
        if total is not None and (scale is None or scale > total):
            has = "any decimals" if scale is None else f"{scale} decimals"
            raise SchemaError(
                f'{where}: "{column}" has {has}, and the total "{constraint.total}" has {total}; give the total as many'
            )


def _check_circles(schema: Schema, source: str) -> None:
    """Raise SchemaError for columns that would be above, or part of, themselves, and for a total that is two."""
    above: dict[str, list[str]] = {}
    parts: dict[str, Sequence[str]] = {}
    for constraint in schema.constraints:
        if isinstance(constraint, Ordered):
            above.setdefault(constraint.high, []).append(constraint.low)
        if isinstance(constraint, Sum | Product):
            if constraint.total in parts:
                raise SchemaError(f'{source}, constraints: "{constraint.total}" is the total of two sums; drop one')
            parts[constraint.total] = constraint.parts
    for edges, relation in ((above, "ordered"), (parts, "sum or product")):
        circle = _circle(edges)
        if circle:
            raise SchemaError(f"{source}, constraints: {relation} in a circle: {', '.join(circle)}; drop one")


def _circle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns of a circle, if there is one. edges: from each column to others."""
    left = {name: set(others) for name, others in edges.items()}
    while True:
        ends = [name for name, others in left.items() if not others & left.keys()]
        if not ends:
            break
        for name in ends:
            del left[name]
    circle: list[str] = []
    name = next(iter(left), "")
    while name and name not in circle:
        circle.append(name)
        name = next(other for other in edges[name] if other in left)
    return circle[circle.index(name) :] if name else []
