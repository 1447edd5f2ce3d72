"""Schemas: the ordered fields of a record, what holds between them, and how they are learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic import Field as Key

from synthdata.errors import DataError, SchemaError, nearest
from synthdata.fields import AnyField, Expectation, Field
from synthdata.fields.cells import FOLDER, rows_named
from synthdata.fields.written_numbers import Form
from synthdata.messages import check_frame
from synthdata.notebook import table_html
from synthdata.schema.checks import check_schema, with_whole_days
from synthdata.schema.constraints import AnyConstraint
from synthdata.schema.inference import Inferred, infer_fields
from synthdata.schema.joined import joined_fields, parts_of, propose_joined, put_together, taken_apart
from synthdata.schema.messages import explained
from synthdata.schema.model import Model
from synthdata.schema.points import propose_coordinates
from synthdata.schema.proposals import propose_constraints
from synthdata.schema.sequence import Sequence
from synthdata.schema.source import BAD_ROWS, FOUND, Source
from synthdata.schema.yaml import read_text, read_yaml, with_listed, with_model, write_yaml
from synthdata.subjects import Subjects

__all__ = ["MISSING", "Schema", "infer"]

FEW_BAD = 0.005  # of the rows, that `init` leaves out by itself
MISSING = ".missing"  # what the array is called that says where a column's array means nothing


class Schema(BaseModel):
    """What a table is: its fields in order, what holds between them, and which generator learns it.

    A schema cannot be built wrong: whatever contradicts itself raises SchemaError, in one line that says where. It is
    frozen; `replace` and `replace_field` return a changed one, checked again.

    Parameters
    ----------
    name : str, default "table"
        Name of the table. Keys of two tables of one seed differ by it.
    fields : dict of str to field
        The columns in order, each a `Number`, `Category`, `Boolean`, `Datetime`, `Identifier`, `Personal`, `Text` or
        `Image`.
    target : str, optional
        The field that others will want to predict.
    subject : str or tuple of str, default ()
        The columns that name who is to be protected, a patient or a customer. Without one, every row is its own.
    rows_per_subject : int, default 100
        The most rows of a subject that are learned.
    sequence : Sequence, optional
        Whose rows follow each other in time, and by which column: `Sequence(entity="user", order_by="ts")`.
    source : Source, optional
        How the file that the table comes from is written.
    joined : dict of str to str, default {}
        Columns of files whose cells hold several fields, and how they are written: `{"bp": "{systolic}/{diastolic}"}`.
        Frames have the fields in place of such a column; exported tables have the column.
    model : str, mapping or settings, default "transformer"
        The table's generator: a family, or one with settings, `VAE(latent=4)` or `{"family": "vae"}`.
    constraints : tuple of constraint, default ()
        What must hold between columns, see `synthdata.schema.constraints`.
    suite : str, optional
        Path of the user's own expectations, a JSON file of Great Expectations.
    require : dict of str to float, default {}
        What an evaluation must reach, by the name of its score.

    Raises
    ------
    SchemaError
        If a field, a constraint or a name contradicts another, or names what does not exist.

    Examples
    --------
    >>> from synthdata import Category, Number, Schema
    >>> schema = Schema(name="patients", fields={"age": Number(integer=True, min=0), "ward": Category()})
    >>> schema.replace(target="ward").target
    'ward'
    >>> print(schema.dump())
    # yaml-language-server: $schema=schema.json
    name: patients
    fields:
      age: {kind: number, integer: true, min: 0}
      ward: {kind: category}
    <BLANKLINE>

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "table"
    target: str | None = None
    subject: tuple[str, ...] = Key(default=(), description="the columns that name who is to be protected")
    rows_per_subject: int = Key(default=100, ge=1, description="the most rows of a subject that are learned")
    source: Source = Key(default=Source(), description="how the file is written, where it does not show it")
    sequence: Sequence | None = Key(default=None, description="whose rows follow each other, and by what")
    joined: dict[str, str] = Key(default={}, description="columns of files whose cells hold several fields: how")
    model: Model = Model()
    fields: dict[str, AnyField] = Key(min_length=1)
    constraints: tuple[AnyConstraint, ...] = ()
    suite: str | None = Key(default=None, description="the user's own expectations, a JSON file beside the schema")
    require: dict[str, float] = Key(default={}, description="what an evaluation must reach, by the name of its score")

    @field_validator("subject", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        """A column by itself may stand without brackets."""
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, data: Any, handler: ModelWrapValidatorHandler[Schema], info: ValidationInfo) -> Schema:
        """Check the whole; one line of our own says what is wrong, in place of pydantic's report."""
        source = (info.context or {}).get("source", "schema")
        try:
            schema = handler(data)
        except ValidationError as error:
            raise SchemaError(explained(error, cls, source)) from None
        schema.check(source)
        resolved = with_whole_days(schema.constraints, schema.fields)
        if resolved != schema.constraints:
            object.__setattr__(schema, "constraints", resolved)  # of the same frozen model, before anybody sees it
        return schema

    @classmethod
    def load(cls, path: str | Path) -> Schema:
        """Read a YAML file.

        Parameters
        ----------
        path : str or Path
            The file. A relative `suite` in it, and files of a category's `values`, are taken from beside it.

        Raises
        ------
        SchemaError
            If the file cannot be read, is not YAML, or contradicts itself; the message says where.

        """
        path = Path(path)
        text = read_text(path, f"synthdata init DATA -o {path}")
        schema = cls._of_data(with_listed(read_yaml(text, str(path)), path), str(path))
        return schema if schema.suite is None else schema.replace(suite=str(path.parent / schema.suite))

    @classmethod
    def parse(cls, text: str, source: str = "schema") -> Schema:
        """Read YAML text; SchemaError says where it is wrong. source: how messages name it."""
        return cls._of_data(read_yaml(text, source), source)

    @classmethod
    def _of_data(cls, data: Mapping[str, Any], source: str) -> Schema:
        schema = cls.model_validate(data, context={"source": source})
        columns = {**schema.fields, **schema.joined}
        for name in schema.source.types:
            if name not in columns:
                raise SchemaError(f'{source}, source, types: no column "{name}"; {nearest(name, columns)}')
        return schema

    @classmethod
    def infer(cls, data: pd.DataFrame | str | Path, name: str = "table", *, target: str | None = None) -> Schema:
        """Guess a schema from a table. Look at it before you train: it says what is protected and what is learned.

        Orders and sums that hold in every row, and hardly by chance, are proposed as constraints.

        Parameters
        ----------
        data : DataFrame, str or Path
            A frame, raw (all text) or typed, or the path of a table or a folder of images, as for `read_table`.
        name : str, default "table"
            Name of the table.
        target : str, optional
            The column that others will want to predict.

        Raises
        ------
        DataError
            If the table has no columns, two of one name, or one that is of no kind.
        SchemaError
            If there is no column `target`.

        See Also
        --------
        synthdata.schema.infer : returns what a person should look at as well.

        """
        return infer(data, name, target=target)[0]

    def replace(self, **changes: Any) -> Schema:
        """Return this schema with other values, checked as a new one is.

        Parameters
        ----------
        **changes
            New values of the schema's own keys: `target`, `subject`, `model`, `fields`, `constraints`, `require`, ...

        Raises
        ------
        SchemaError
            If a key or a value is wrong, or the result contradicts itself.

        Examples
        --------
        >>> from synthdata import Boolean, Number, Schema
        >>> schema = Schema(fields={"age": Number(), "smoker": Boolean()})
        >>> schema.replace(target="smoker", require={"shapes": 0.9}).require
        {'shapes': 0.9}
        >>> schema.replace(target="smoke")
        Traceback (most recent call last):
        synthdata.errors.SchemaError: schema, target: no field "smoke"; did you mean "smoker"?

        """
        return type(self).model_validate({**_said(self), **changes})

    def replace_field(self, name: str, field: Field | None = None, /, **changes: Any) -> Schema:
        """Return this schema with one field changed or replaced, checked.

        Parameters
        ----------
        name : str
            The field.
        field : Field, optional
            What takes its place, `Boolean()` say.
        **changes
            New values of the field's own keys, `max` or `nullable` say. A new `kind` starts from the defaults of that
            kind; `nullable` and `description` stay.

        Raises
        ------
        SchemaError
            If there is no such field, a key or a value of it is wrong, or the result contradicts itself.

        Examples
        --------
        >>> from synthdata import Boolean, Number, Schema
        >>> schema = Schema(fields={"age": Number(integer=True), "smoker": Number(nullable=True)})
        >>> schema.replace_field("age", max=120).fields["age"].max
        120
        >>> schema.replace_field("smoker", kind="boolean").fields["smoker"]
        Boolean(kind='boolean', nullable=True, description=None, words=('true', 'false'))
        >>> schema.replace_field("smoker", Boolean()).fields["smoker"].nullable
        False

        """
        if name not in self.fields:
            raise SchemaError(f'schema: no field "{name}"; {nearest(name, self.fields)}')
        old = self.fields[name]
        said = _said(old if field is None else field)
        kind = old.kind if field is None else field.kind
        if changes.get("kind", kind) != kind:
            said = {key: said[key] for key in ("nullable", "description") if key in said}
        return self.replace(fields={**self.fields, name: {**said, "kind": kind, **changes}})

    def dump(self, notes: Mapping[str, str] | None = None, reasons: Mapping[str, str] | None = None) -> str:
        """Write as YAML. notes: comments by field name. reasons: comments by key: on the subject, on the target."""
        return write_yaml(self, notes or {}, reasons or {})

    def __repr__(self) -> str:
        target = f", target {self.target!r}" if self.target is not None else ""
        fields = len(self.fields)
        return f"Schema({self.name!r}, {fields} field{'s'[: fields != 1]}{target})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """The fields, as a notebook shows them."""
        extra = ("", " (target)")
        rows = (
            (f"{name}{extra[name == self.target]}", field.kind, _options(field), field.description or "")
            for name, field in self.fields.items()
        )
        caption = f"Schema {self.name}: {len(self.fields)} fields, model {self.model.family}"
        return table_html(caption, ("field", "kind", "settings", "description"), rows)

    def into(self, text: str) -> str:
        """Put this schema's model into the YAML text of the same schema; its comments and order stay.

        Where the text's model takes several lines, or there is no line to put it before, all is written anew.
        """
        return with_model(self, text)

    def expectations(self) -> list[Expectation]:
        """The expectations of every field, and of every constraint that Great Expectations can state."""
        claims = [claim for name, field in self.fields.items() for claim in field.expectations(name)]
        stated = [constraint.expectation() for constraint in self.constraints]
        return [*claims, *(claim for claim in stated if claim is not None)]

    def subjects(self, frame: pd.DataFrame) -> Subjects:
        """The subject of each row. frame: of the schema's types."""
        return Subjects.of(frame, self.subject)

    def statistics(self) -> tuple[str, ...]:
        """The names of all fields' statistics, see `Field.compute_statistics`."""
        return tuple(f"{name}.{part}" for name, field in self.fields.items() for part in field.statistics)

    def set_statistics(self) -> tuple[str, ...]:
        """The names of the statistics that compare a row with the others, see `Field.compute_set_statistics`."""
        return tuple(f"{name}.{part}" for name, field in self.fields.items() for part in field.set_statistics)

    def compute_statistics(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The statistics that `statistics` names, of a frame of the schema's types."""
        parts = [
            field.compute_statistics(frame[name]).add_prefix(f"{name}.")
            for name, field in self.fields.items()
            if field.statistics
        ]
        return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=frame.index)

    def compute_set_statistics(self, statistics: pd.DataFrame) -> pd.DataFrame:
        """The statistics that `set_statistics` names. statistics: what `compute_statistics` gives of all rows."""
        parts = []
        for name, field in self.fields.items():
            if field.set_statistics:
                own = statistics[[f"{name}.{part}" for part in field.statistics]].set_axis(
                    list(field.statistics), axis=1
                )
                parts.append(field.compute_set_statistics(own).add_prefix(f"{name}."))
        return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=statistics.index)

    def array_names(self) -> list[str]:
        """The keys of `arrays`; one stands twice where two collide."""
        return [*self.fields, *(f"{name}{MISSING}" for name, field in self.fields.items() if field.nullable)]

    def arrays(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Turn a frame of the schema's types into arrays without objects, see `Field.array`.

        A nullable column has a second array, `<name>.missing`, true where the first means nothing.
        """
        result = {name: field.array(frame[name]) for name, field in self.fields.items()}
        for name, field in self.fields.items():
            if field.nullable:
                result[f"{name}{MISSING}"] = frame[name].isna().to_numpy(bool)
        return result

    def read(self, frame: pd.DataFrame, source: str = "data") -> pd.DataFrame:
        """Parse a raw frame into the schema's types and order; columns the schema does not name are dropped."""
        check_frame(frame, "Schema.read")
        folder = str(frame.attrs.get(FOLDER, ""))
        frame = _named(frame, source)
        torn = taken_apart(frame, self.joined, self.fields)
        missing = [name for name in self.fields if name not in frame.columns]
        if missing:
            found = nearest(missing[0], frame.columns)
            raise DataError(f'{source}: no column "{missing[0]}", which the schema names; {found}')
        raw = {
            name: field.located(frame[name], folder) if folder else frame[name] for name, field in self.fields.items()
        }
        bad = self._bad_rows(raw, torn, len(frame))
        if bad.any():
            torn = {name: cells & ~bad for name, cells in torn.items()}
            raw = {name: column[~bad].reset_index(drop=True) for name, column in raw.items()}
        self._check_torn(torn, source, most=0)
        try:
            typed = pd.DataFrame({name: field.parse(raw[name], name) for name, field in self.fields.items()})
        except DataError as error:
            raise DataError(f"{source}, {error}") from None
        if bad.any():
            typed.attrs[BAD_ROWS] = np.flatnonzero(bad).tolist()
        return typed

    def _bad_rows(self, raw: Mapping[str, pd.Series], torn: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
        """Which rows are left out, since a cell cannot be read: (n,) bool; none if they are more than may be."""
        bad = np.zeros(rows, bool)
        if not self.source.bad_rows:
            return bad
        for name, field in self.fields.items():
            bad |= field.unreadable(raw[name])
        for cells in torn.values():
            bad |= cells
        return bad if bad.sum() <= self.source.most_bad(rows) else np.zeros(rows, bool)

    def split(self, frame: pd.DataFrame, source: str = "data") -> pd.DataFrame:
        """A raw frame with joined columns taken apart, as `read` does; DataError for cells that cannot be."""
        if not self.joined:
            return frame
        attrs, frame = frame.attrs, frame.copy()
        self._check_torn(taken_apart(frame, self.joined, self.fields), source, self.source.most_bad(len(frame)))
        frame = frame.drop(columns=[name for name in self.joined if name in frame.columns])
        frame.attrs = attrs
        return frame

    def _check_torn(self, torn: Mapping[str, np.ndarray], source: str, most: int) -> None:
        """Raise DataError for cells of joined columns that do not follow their template, unless so many may be bad."""
        for name, cells in torn.items():
            if cells.sum() > most:
                where = rows_named(np.flatnonzero(cells))
                raise DataError(f'{source}, column "{name}": {where} cannot be read as {self.joined[name]}')

    @property
    def written(self) -> Schema:
        """The schema of an exported table: joined columns are text, and stand in place of their parts."""
        if not self.joined:
            return self
        return self.model_copy(update={"fields": joined_fields(self.joined, self.fields), "joined": {}})

    def join(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame of the schema's types as an exported table holds it, with joined columns in place of their parts."""
        if not self.joined:
            return frame
        whole = {name: put_together(frame, template, self.fields) for name, template in self.joined.items()}
        return pd.DataFrame({name: whole.get(name, frame.get(name)) for name in self.written.fields})

    def check(self, source: str = "schema") -> None:
        """Raise SchemaError for what contradicts itself; `source` names the schema in the message.

        A schema was checked when it was built; pydantic's `model_copy` checks nothing.
        """
        check_schema(self, source)


def infer(
    data: pd.DataFrame | str | Path,
    name: str = "table",
    *,
    target: str | None = None,
    signs: Form | None = None,
    few_bad: bool = False,
    joins: bool | None = None,
) -> tuple[Schema, Inferred]:
    """Guess a schema as `Schema.infer` does. Returns it with notes on what a person should check.

    signs: the decimal sign and what parts thousands, where the cells leave them open. few_bad: let the schema leave out
    a few rows by itself, which have a cell that is not what all the others of its column are. joins: whether to take
    columns apart whose cells hold several values; by default those of files.
    """
    from synthdata.io.readers import read_table

    frame = data if isinstance(data, pd.DataFrame) else read_table(data)
    named = _named(frame, "data")
    source = Source(**frame.attrs.get(FOUND, {}))
    most_bad = source.most_bad(len(frame)) or int(FEW_BAD * len(frame) * few_bad)
    folder, commas = str(frame.attrs.get(FOLDER, "")), source.delimiter == ";"
    found = infer_fields(named, folder, signs, most_bad, commas=commas)
    may_join = joins or (joins is None and not isinstance(data, pd.DataFrame))
    joined, times = propose_joined(named, found.fields) if may_join else ({}, {})
    if joined:
        named = _parted(named, joined, times)
        found = infer_fields(named, folder, signs, most_bad, commas=commas)
    if found.left_out and not source.bad_rows:
        source = source.model_copy(update={"bad_rows": len(found.left_out)})
    whole = named.drop(index=named.index[sorted(found.left_out)])
    points, told = propose_coordinates(whole, found.fields)
    if told:
        notes = {name: "; ".join(filter(None, [found.notes.get(name), note])) for name, note in told.items()}
        found = replace(found, notes={**found.notes, **notes}, matter=found.matter | told.keys())
    paired = {name for each in points for name in each.columns()}
    others = {name: field for name, field in found.fields.items() if name not in paired}
    proposed = (*points, *propose_constraints(whole, others))
    types = {name: type_ for name, type_ in source.types.items() if name in found.fields}
    source = source.model_copy(update={"types": types})
    fields = dict(found.fields)
    schema = Schema(
        name=name,
        target=target,
        source=source,
        joined=joined,
        fields=fields,
        subject=found.subject,
        constraints=proposed,
    )
    return schema, found


def _parted(frame: pd.DataFrame, joined: Mapping[str, str], times: Mapping[str, Field]) -> pd.DataFrame:
    """A raw frame with columns taken apart, each part where the column was."""
    parted = frame.copy()
    taken_apart(parted, joined, times)
    names = [part for name in frame.columns for part in (parts_of(joined[name]) if name in joined else [name])]
    return parted[names]


def _said(model: BaseModel) -> dict[str, Any]:
    """The values that were set, nested models unchanged."""
    return {name: getattr(model, name) for name in model.model_fields_set}


def _options(field: Field) -> str:
    """What a field sets, besides its kind and description."""
    said = field.model_dump(exclude_defaults=True, exclude={"kind", "description"})
    return ", ".join(f"{key}: {value}" for key, value in said.items())


def _named(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The frame with column names as text, and without attrs, which pandas copies at each step.

    DataError if two names are equal.
    """
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    frame.attrs = {}
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f'{source}: two columns are named "{twice}"; rename one')
    return frame
