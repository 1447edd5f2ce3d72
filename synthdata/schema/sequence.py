"""Rows of one table that follow each other in time: whose they are, and by what they are ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ConfigDict
from pydantic import Field as Key

from synthdata.fields import Datetime, Identifier, Number
from synthdata.messages import Declaration

if TYPE_CHECKING:
    from synthdata.schema.schema import Schema

__all__ = ["Sequence"]


class Sequence(Declaration):
    """That the rows of an entity follow each other, such as the visits of a patient or the purchases of a user.

    Parameters
    ----------
    entity : str
        The column that names whose a row is: an identifier that repeats.
    order_by : str
        The column, a time or a number, by which the rows of an entity follow each other.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: str = Key(description="the column that names whose a row is: an identifier that repeats")
    order_by: str = Key(description="the time or number by which the rows of an entity follow each other")

    def problem(self, schema: Schema) -> str | None:
        """What contradicts itself in a schema that says this, or None."""
        for name in (self.entity, self.order_by):
            if name not in schema.fields:
                return f'no field "{name}"'
        entity, order = schema.fields[self.entity], schema.fields[self.order_by]
        if not isinstance(entity, Identifier) or entity.unique or entity.nullable:
            return f'entity "{self.entity}" must be {{kind: identifier, unique: false}}, never missing'
        if not isinstance(order, Datetime | Number) or order.nullable:
            return f'order_by "{self.order_by}" must be a time or a number, never missing'
        if schema.subject not in ((), (self.entity,)):
            return f'the subject must be the entity, "{self.entity}"; leave subject out'
        return None
