"""What several tables are, and how they belong together: a tree of owners and the rows that belong to them.

    name: shop
    tables:
      customers: {key: id, fields: {...}}
      orders: {key: id, of: customer, references: {customer: customers}, order_by: placed, fields: {...}}

The *root* is the table without an owner; a row of it and all rows below are one subject. `of` names the column that
refers to the owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from synthdata.errors import SchemaError, nearest
from synthdata.fields import Datetime, Identifier, Number
from synthdata.models import AUTO, family
from synthdata.schema import Schema
from synthdata.schema.yaml import read_text, read_yaml, with_listed

__all__ = ["COUNT", "Relations", "Table"]

COUNT = ".count"  # what the number of a table's rows is called, as a column of the owner
OWN = ("key", "of", "references", "order_by")
MOST_TABLES = 100
NAME = re.compile(r"\w[\w-]{0,80}")


@dataclass(frozen=True)
class Table:
    """One of several tables.

    schema: its columns, keys and references among them. key: the column that tells its rows apart, if any does. of: the
    column that refers to the owner; None of the root. references: the table that each such column refers to. order_by:
    the column, a time or a number, by which the rows of an owner follow each other; None for their order in the data.
    """

    schema: Schema
    key: str | None = None
    of: str | None = None
    references: Mapping[str, str] | None = None
    order_by: str | None = None

    @property
    def owner(self) -> str | None:
        """The table that the rows belong to; None of the root."""
        return None if self.of is None else (self.references or {})[self.of]

    @property
    def learned(self) -> tuple[str, ...]:
        """The columns that are not made."""
        return tuple(name for name, field in self.schema.fields.items() if not field.is_made)


@dataclass(frozen=True)
class Relations:
    """Several tables that belong together, as a tree: every table but one has an owner.

    Parameters
    ----------
    name : str
        Name of the whole.
    tables : mapping of str to Table
        The tables, by name.

    Raises
    ------
    SchemaError
        If what is declared contradicts itself, or cannot be learned yet; one line says where.

    Examples
    --------
    >>> from synthdata.relations import Relations
    >>> shop = Relations.parse('''
    ... name: shop
    ... tables:
    ...   customers:
    ...     key: id
    ...     fields: {id: {kind: identifier}, segment: {kind: category}}
    ...   orders:
    ...     of: customer
    ...     references: {customer: customers}
    ...     order_by: placed
    ...     fields:
    ...       customer: {kind: identifier, unique: false}
    ...       placed: {kind: datetime}
    ...       total: {kind: number, decimals: 2}
    ... ''')
    >>> shop.root, shop.children("customers")
    ('customers', ['orders'])

    """

    name: str
    tables: Mapping[str, Table]

    def __post_init__(self) -> None:
        self.check()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a YAML file; SchemaError says where it is wrong. A `suite` and files of values are taken from beside it.

        Parameters
        ----------
        path : str or Path
            The file.

        """
        path = Path(path)
        text = read_text(path, f"synthdata init FOLDER -o {path}")
        return cls.of_data(read_yaml(text, str(path)), str(path), path)

    @classmethod
    def parse(cls, text: str, source: str = "schema") -> Self:
        """Read YAML text; SchemaError says where it is wrong. source: how messages name it."""
        return cls.of_data(read_yaml(text, source), source)

    @classmethod
    def of_data(cls, data: Mapping[str, Any], source: str = "schema", path: Path | None = None) -> Self:
        """Read plain data, as YAML holds it. path: of the file, for what is beside it."""
        for key in data:
            if key not in ("name", "tables"):
                raise SchemaError(f'{source}: unknown key "{key}" beside tables; {nearest(key, ["name", "tables"])}')
        tables = data.get("tables")
        if not isinstance(tables, dict) or not tables:
            raise SchemaError(f"{source}, tables: found {tables!r:.40}; give a mapping of names to tables")
        return cls(
            str(data.get("name", "tables")),
            {name: _table(name, each, f'{source}, table "{name}"', path) for name, each in tables.items()},
        )

    @property
    def root(self) -> str:
        """The table without an owner."""
        return next(name for name, table in self.tables.items() if table.of is None)

    def children(self, name: str) -> list[str]:
        """The tables whose rows belong to rows of this one."""
        return [other for other, table in self.tables.items() if table.owner == name]

    @property
    def order(self) -> list[str]:
        """All tables, each after its owner."""
        result = [self.root]
        for name in result:
            result += self.children(name)
        return result

    def dump(self) -> str:
        """Write as YAML."""
        lines = [f"name: {_quoted(self.name)}", "tables:"]
        for name, table in self.tables.items():
            lines.append(f"  {name}:")
            own = {"key": table.key, "of": table.of, "order_by": table.order_by}
            lines += [f"    {key}: {_quoted(value)}" for key, value in own.items() if value is not None]
            if table.references:
                refers = ", ".join(f"{_quoted(key)}: {value}" for key, value in table.references.items())
                lines.append(f"    references: {{{refers}}}")
            body = table.schema.dump().splitlines()
            lines += [f"    {line}" for line in body if not line.startswith(("#", "name:"))]
        return "\n".join(lines) + "\n"

    def check(self, source: str = "schema") -> None:
        """Raise SchemaError for what contradicts itself, or cannot be learned yet."""
        if len(self.tables) > MOST_TABLES:
            raise SchemaError(f"{source}: {len(self.tables)} tables; at most {MOST_TABLES} are learned together")
        for name, table in self.tables.items():
            where = f'{source}, table "{name}"'
            if not NAME.fullmatch(name):
                raise SchemaError(f"{where}: a table is named by letters, digits, _ and -, as a file is; rename it")
            self._check_keys(table, where)
            _check_columns(table, where)
        roots = [name for name, table in self.tables.items() if table.of is None]
        if len(roots) != 1:
            found = ", ".join(f'"{name}"' for name in roots) or "none"
            raise SchemaError(
                f"{source}: tables without an owner: {found}; there must be one, whose rows all others belong to: "
                f"say with `of` whose the rows of the others are, or leave tables out"
            )
        lost = [name for name in self.tables if name not in self.order]
        if lost:
            raise SchemaError(f'{source}, table "{lost[0]}": it owns itself by way of other tables; drop one `of`')
        for name in self.order:
            for child in self.children(name):
                if f"{child}{COUNT}" in self.tables[name].schema.fields:
                    raise SchemaError(
                        f'{source}, table "{name}": the field "{child}{COUNT}" has the name of the number of its rows '
                        f'in "{child}"; rename one of the two'
                    )

    def _check_keys(self, table: Table, where: str) -> None:
        fields, references = table.schema.fields, table.references or {}
        for name in (table.key, table.of, table.order_by, *references):
            if name is not None and name not in fields:
                raise SchemaError(f'{where}: no field "{name}"; {nearest(name, fields)}')
        if table.key is not None and not (isinstance(key := fields[table.key], Identifier) and key.unique):
            raise SchemaError(f'{where}, key: "{table.key}" must be a field of kind identifier, which is unique')
        if table.of is not None and table.of not in references:
            raise SchemaError(
                f'{where}, of: "{table.of}" refers to no table; say which: references: {{{table.of}: ...}}'
            )
        others = [name for name in references if name != table.of]
        if others and table.of is None:
            raise SchemaError(
                f"{where}, references: say whose its rows are, of: {others[0]}; other references are not learned yet"
            )
        if others:
            raise SchemaError(
                f'{where}, references: "{others[0]}" does not refer to the owner, and such references are not learned '
                f"yet; leave the column out"
            )
        if table.of is not None:
            self._check_owner(table, where)

    def _check_owner(self, table: Table, where: str) -> None:
        """Check the reference to the owner: an identifier that repeats, written like the owner's key."""
        assert table.of is not None
        name, owner = table.of, str(table.owner)
        if owner not in self.tables:
            raise SchemaError(f'{where}, references: no table "{owner}"; {nearest(owner, self.tables)}')
        above = self.tables[owner]
        if above.key is None:
            raise SchemaError(f'{where}: belongs to "{owner}", which has no key; say which field it is: key: id')
        own, key = table.schema.fields[name], above.schema.fields[above.key]
        assert isinstance(key, Identifier)
        if not isinstance(own, Identifier) or own.unique or own.nullable:
            raise SchemaError(
                f'{where}: "{name}" refers to "{owner}", and so must be {{kind: identifier, unique: false}}, never '
                f"missing"
            )
        if own.dtype(False) != key.dtype(False) or not (key.is_running or own.pattern == key.pattern):
            raise SchemaError(
                f'{where}: "{name}" is written otherwise than the key "{above.key}" of "{owner}"; give both one pattern'
            )


def _table(name: str, data: Any, where: str, path: Path | None) -> Table:
    """Read one table; SchemaError says what is wrong."""
    if not isinstance(data, dict):
        raise SchemaError(f"{where}: found {data!r:.40}; a table is a mapping with fields")
    own = {key: data[key] for key in OWN if key in data}
    for key in ("key", "of", "order_by"):
        if isinstance(own.get(key), list):
            raise SchemaError(f"{where}, {key}: several columns are not learned as one yet; give a single column")
        if not isinstance(own.get(key, ""), str):
            raise SchemaError(f"{where}, {key}: found {own[key]!r:.40}; give the name of a column")
    references = own.get("references", {})
    if not isinstance(references, dict):
        raise SchemaError(f"{where}, references: found {references!r:.40}; give {{column: table}}")
    targets = {}
    for column, target in references.items():
        if not isinstance(target, str):
            raise SchemaError(f"{where}, references, {column}: found {target!r:.40}; give the name of a table")
        targets[column] = target
    rest = {key: value for key, value in data.items() if key not in OWN}
    rest = rest if path is None else with_listed(rest, path)
    schema = Schema.model_validate({"name": name, **rest}, context={"source": where})
    if schema.suite is not None and path is not None:
        schema = schema.replace(suite=str(path.parent / schema.suite))
    return Table(schema, own.get("key"), own.get("of"), targets, own.get("order_by"))


def _check_columns(table: Table, where: str) -> None:
    """Check that what a table holds can be learned, of rows that belong to others."""
    schema = table.schema
    if schema.subject:
        raise SchemaError(f"{where}, subject: a row of the root with all below it is a subject; leave it out")
    if table.order_by is not None:
        field = schema.fields[table.order_by]
        if not isinstance(field, Datetime | Number):
            raise SchemaError(f'{where}, order_by: "{table.order_by}" is a {field.kind}; order by a time or a number')
        if field.nullable:
            raise SchemaError(f'{where}, order_by: "{table.order_by}" may be missing; order by a field that is never')
    if table.of is None:
        if table.order_by is not None:
            raise SchemaError(f"{where}, order_by: its rows belong to none, and have no order; leave it out")
        return
    if schema.model.family != AUTO and not family(schema.model.family).takes_condition:
        raise SchemaError(
            f'{where}, model: the family "{schema.model.family}" learns single tables; rows that belong to others are '
            f"learned by transformer"
        )
    for name, field in schema.fields.items():
        if field.kind in ("image", "text"):
            raise SchemaError(f'{where}: "{name}" is a {field.kind}, not learned of rows that belong to others yet')


def _quoted(text: str) -> str:
    """A word of YAML."""
    import json

    return (
        text if re.fullmatch(r"[A-Za-z_][\w-]*", text) and text not in ("true", "false", "null") else json.dumps(text)
    )
