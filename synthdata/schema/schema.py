"""Schemas: the ordered fields of a record, what holds between them, and the YAML they are written in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic import Field as Key

from synthdata.errors import DataError, SchemaError, nearest
from synthdata.fields import KINDS, AnyField, Category, Expectation
from synthdata.metrics import METRICS
from synthdata.schema.constraints import AnyConstraint, Combinations, Ordered, RowRule, Unique
from synthdata.schema.inference import Inferred, infer_fields
from synthdata.subjects import Subjects

__all__ = ["FOLDER", "MISSING", "Model", "Schema", "infer", "json_schema"]

CONSTRAINTS: dict[str, type[BaseModel]] = {
    "ordered": Ordered,
    "combinations": Combinations,
    "unique": Unique,
    "rule": RowRule,
}
FOLDER = "synthdata.folder"  # in a frame's attrs: where the table stood; paths in its cells are relative to it
MISSING = ".missing"  # what the array is called that says where a column's array means nothing
ROWS_PER_SUBJECT = 100
MODELINE = "# yaml-language-server: $schema=schema.json"


class Model(BaseModel):
    """Which generator family, and its hyperparameters by their Python names (checked by the family)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    family: str = "transformer"

    @property
    def options(self) -> dict[str, Any]:
        """The hyperparameters that were set."""
        return dict(self.model_extra or {})


class Schema(BaseModel):
    """Ordered fields, constraints, target."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "table"
    target: str | None = None
    subject: tuple[str, ...] = Key(default=(), description="the columns that name who is to be protected")
    rows_per_subject: int = Key(
        default=ROWS_PER_SUBJECT, ge=1, description="the most rows of a subject that are learned"
    )
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

    @classmethod
    def load(cls, path: str | Path) -> Schema:
        """Read a YAML file; SchemaError says where it is wrong. A relative `suite` is taken from beside the file."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SchemaError(f"{path}: no such schema; `synthdata init DATA -o {path}` writes one") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path}: cannot be read: {error}") from None
        schema = cls.parse(text, source=str(path))
        if schema.suite is not None:
            return schema.model_copy(update={"suite": str(path.parent / schema.suite)})
        return schema

    @classmethod
    def parse(cls, text: str, source: str = "schema") -> Schema:
        """Read YAML text; `source` names it in messages."""
        try:
            data = yaml.load(text, _Loader)  # a SafeLoader, narrowed
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise SchemaError(f"{source}{line}: not YAML: {error.problem}") from None
        except (yaml.YAMLError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # PyYAML lets what a scalar's reading raises pass ("!!int x", "0b_"), and recurses into nested brackets
            raise SchemaError(f"{source}: not YAML: {' '.join(str(error).split())[:200]}") from None
        if not isinstance(data, dict):
            raise SchemaError(f'{source}: found {type(data).__name__}; a schema is a mapping with "fields"')
        if isinstance(data.get("model"), str):
            data["model"] = {"family": data["model"]}
        for key in ("fields", "constraints", "require"):
            if key in data and not data[key]:
                data.pop(key)
        try:
            schema = cls.model_validate(data)
        except ValidationError as error:
            raise SchemaError(_explain(error, data, source)) from None
        schema.check(source)
        return schema

    @classmethod
    def infer(cls, frame: pd.DataFrame, name: str = "table") -> Schema:
        """Guess a schema from a frame, raw (all text) or typed."""
        return infer(frame, name)[0]

    def dump(self, notes: Mapping[str, str] | None = None, why: str = "") -> str:
        """Write as YAML; `notes` become comments behind the fields they name, `why` one behind the subject."""
        notes = notes or {}
        head: dict[str, Any] = {"name": self.name}
        if self.target:
            head["target"] = self.target
        if self.subject:
            head["subject"] = self.subject[0] if len(self.subject) == 1 else list(self.subject)
        if self.rows_per_subject != ROWS_PER_SUBJECT:
            head["rows_per_subject"] = self.rows_per_subject
        if self.model != Model():
            head["model"] = {"family": self.model.family, **self.model.options}
        behind = {"subject": f"  # {why}"} if why else {}
        lines = [MODELINE, *(f"{key}: {_flow(value)}{behind.get(key, '')}" for key, value in head.items()), "fields:"]
        for field_name, field in self.fields.items():
            values = {"kind": field.kind, **field.model_dump(exclude_defaults=True)}
            note = f"  # {notes[field_name]}" if notes.get(field_name) else ""
            lines.append(f"  {_flow(field_name)}: {_flow(values)}{note}")
        if self.constraints:
            lines.append("constraints:")
            for constraint in self.constraints:
                values = {"kind": constraint.kind, **constraint.model_dump(exclude_defaults=True)}
                lines.append(f"  - {_flow(values)}")
        if self.suite:
            lines.append(f"suite: {_flow(self.suite)}")
        if self.require:
            lines.append(f"require: {_flow(self.require)}")
        return "\n".join(lines) + "\n"

    def into(self, text: str) -> str:
        """Put this schema's model into the text of the same schema, whose comments and order stay.

        Where the text's model takes several lines, or there is no line to put it before, all is written anew.
        """
        model = f"model: {_flow({'family': self.model.family, **self.model.options})}"
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("model:"):
                if lines[number + 1 : number + 2] and lines[number + 1][:1] in (" ", "\t"):
                    break
                return "\n".join([*lines[:number], model, *lines[number + 1 :]]) + "\n"
        else:
            for number, line in enumerate(lines):
                if line.startswith("fields:"):
                    return "\n".join([*lines[:number], model, *lines[number:]]) + "\n"
        return self.dump().partition("\n")[2]

    def expectations(self) -> list[Expectation]:
        """What every field, and every constraint that Great Expectations can state, claims."""
        claims = [claim for name, field in self.fields.items() for claim in field.expectations(name)]
        stated = [constraint.expectation() for constraint in self.constraints]
        return [*claims, *(claim for claim in stated if claim is not None)]

    def subjects(self, frame: pd.DataFrame) -> Subjects:
        """Whose each row of a frame of the schema's types is."""
        return Subjects.of(frame, self.subject)

    def measures(self) -> tuple[str, ...]:
        """Names of the columns in which fields tell what claims are about, see `Field.measure`."""
        return tuple(f"{name}.{part}" for name, field in self.fields.items() for part in field.measures)

    def set_measures(self) -> tuple[str, ...]:
        """Likewise, of what fields tell of a row among the others, see `Field.measure_set`."""
        return tuple(f"{name}.{part}" for name, field in self.fields.items() for part in field.set_measures)

    def measured(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that `measures` names, of a frame of the schema's types."""
        told = [
            field.measure(frame[name]).add_prefix(f"{name}.") for name, field in self.fields.items() if field.measures
        ]
        return pd.concat(told, axis=1) if told else pd.DataFrame(index=frame.index)

    def measured_set(self, measured: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that `set_measures` names, of the columns that `measures` names, of all rows."""
        told = []
        for name, field in self.fields.items():
            if field.set_measures:
                own = measured[[f"{name}.{part}" for part in field.measures]].set_axis(list(field.measures), axis=1)
                told.append(field.measure_set(own).add_prefix(f"{name}."))
        return pd.concat(told, axis=1) if told else pd.DataFrame(index=measured.index)

    def array_names(self) -> list[str]:
        """The names that `arrays` gives, twice where they collide."""
        return [*self.fields, *(f"{name}{MISSING}" for name, field in self.fields.items() if field.nullable)]

    def arrays(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Turn a frame of the schema's types into arrays without objects, see `Field.array`.

        A nullable column has a second one, `<name>.missing`, true where the first means nothing.
        """
        result = {name: field.array(frame[name]) for name, field in self.fields.items()}
        for name, field in self.fields.items():
            if field.nullable:
                result[f"{name}{MISSING}"] = frame[name].isna().to_numpy(bool)
        return result

    def read(self, frame: pd.DataFrame, source: str = "data") -> pd.DataFrame:
        """Read a raw frame into the schema's types and order; columns the schema does not name are left out."""
        folder = str(frame.attrs.get(FOLDER, ""))
        frame = _named(frame, source)
        missing = [name for name in self.fields if name not in frame.columns]
        if missing:
            found = nearest(missing[0], frame.columns)
            raise DataError(f'{source}: no column "{missing[0]}", which the schema names; {found}')
        try:
            return pd.DataFrame(
                {
                    name: field.parse(field.located(frame[name], folder) if folder else frame[name], name)
                    for name, field in self.fields.items()
                }
            )
        except DataError as error:
            raise DataError(f"{source}, {error}") from None

    def check(self, source: str) -> None:
        """Raise SchemaError for what contradicts itself; `source` names the schema in the message."""
        for name, field in self.fields.items():
            problem = field.check()
            if problem:
                raise SchemaError(f'{source}, field "{name}": {problem}')
        for name in (*self.measures(), *self.set_measures()):
            if name in self.fields:
                raise SchemaError(f'{source}, field "{name}": expectations know that name as a measure; rename it')
        if self.target is not None and self.target not in self.fields:
            raise SchemaError(f'{source}, target: no field "{self.target}"; {nearest(self.target, self.fields)}')
        self._check_subject(source)
        for name, field in self.fields.items():
            if field.like is not None and (field.like not in self.fields or self.fields[field.like].is_made):
                learned = [other for other, each in self.fields.items() if not each.is_made]
                raise SchemaError(
                    f'{source}, field "{name}": no learned field "{field.like}" to fit; {nearest(field.like, learned)}'
                )
        for measure in self.require:
            if measure not in METRICS:
                raise SchemaError(f'{source}, require: no score "{measure}"; {nearest(measure, METRICS)}')
        for number, constraint in enumerate(self.constraints, 1):
            where = f"{source}, constraint {number}"
            try:
                problem, columns = constraint.check(), constraint.columns()
            except SchemaError as error:
                raise SchemaError(f"{where}: {error}") from None
            if problem:
                raise SchemaError(f"{where}: {problem}")
            for column in dict.fromkeys(columns):
                if column not in self.fields:
                    raise SchemaError(f'{where}: no field "{column}"; {nearest(column, self.fields)}')
            kinds = {self.fields[column].kind: column for column in columns}
            if isinstance(constraint, Ordered) and len(kinds) > 1:
                found = " with ".join(f'{kind} "{column}"' for kind, column in kinds.items())
                raise SchemaError(f"{where}: compares {found}; order needs two fields of one kind")

    def _check_subject(self, source: str) -> None:
        """Raise SchemaError for a subject that cannot be one."""
        if not isinstance(self.subject, tuple):  # as model_copy lets pass
            raise SchemaError(f"{source}, subject: found {self.subject!r}; give a tuple of columns, () for none")
        for name in self.subject:
            if name not in self.fields:
                raise SchemaError(f'{source}, subject: no field "{name}"; {nearest(name, self.fields)}')
        if self.target in self.subject:
            raise SchemaError(
                f'{source}, subject: "{self.target}" is the target too; what tells people apart cannot be predicted '
                f"of new ones: name another target, or another subject"
            )
        if self.subject and not any(self.fields[name].is_made for name in self.subject):
            name = self.subject[-1]
            raise SchemaError(
                f'{source}, subject: "{name}" is a {self.fields[name].kind}, which would be learned; what names '
                f"somebody is made anew: {{kind: identifier, unique: false}}, or personal"
            )


def infer(frame: pd.DataFrame, name: str = "table") -> tuple[Schema, Inferred]:
    """Guess a schema from a frame. Returns it with what a person should look at."""
    found = infer_fields(_named(frame, "data"), str(frame.attrs.get(FOLDER, "")))
    return Schema(name=name, fields=dict(found.fields), subject=found.subject), found


def _named(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the frame with names of text, each there once."""
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f'{source}: two columns are named "{twice}"; rename one')
    return frame


def json_schema() -> dict[str, Any]:
    """The JSON schema of the YAML, for editors."""
    schema = Schema.model_json_schema()
    schema["properties"]["model"] = {"anyOf": [{"type": "string"}, schema["properties"]["model"]]}
    return schema


class _Loader(yaml.SafeLoader):
    """YAML 1.2's reading of plain words (NO, on, 2020-01-01 are text), and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"key {key} is not text; put it in quotes"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f'key "{key}" stands twice', key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, rule) for tag, rule in rules if not tag.endswith((":bool", ":timestamp"))]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_BOOLEAN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOLEAN, list("tTfF"))


class _Dumper(yaml.SafeDumper):
    """Writes what breaks a line or cannot be seen in double quotes, escaped, so that a value stays on its line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _text)


def _flow(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _explain(error: ValidationError, data: Mapping[str, Any], source: str) -> str:
    """Put pydantic's first complaint into one line: where, what was found, what is allowed."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    kind, where = None, source
    model: type[BaseModel] = Schema
    kinds: Mapping[str, type[BaseModel]] = KINDS
    if place and place[0] == "fields" and len(place) > 1:
        where = f'{source}, field "{place[1]}"'
        kind, place = (place[2] if len(place) > 2 else None), place[3:]
        model = KINDS.get(str(kind), Category)
    elif place and place[0] == "constraints" and len(place) > 1:
        where = f"{source}, constraint {int(place[1]) + 1}"
        kind, place = (place[2] if len(place) > 2 else None), place[3:]
        model, kinds = CONSTRAINTS.get(str(kind), Ordered), CONSTRAINTS
    found = json.dumps(first["input"], default=str)[:80]
    match first["type"]:
        case "extra_forbidden":
            for part in place[:-1]:  # a mapping in the field, with keys of its own
                where, inner = f"{where}, {part}", model.model_fields[part].annotation
                model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
            return f'{where}: unknown key "{place[-1]}"; {nearest(place[-1], model.model_fields)}'
        case "union_tag_invalid":
            tag = first["ctx"]["tag"]
            return f'{where}: unknown kind "{tag}"; {nearest(tag, kinds)}'
        case "union_tag_not_found":
            return f"{where}: no kind given; allowed: {', '.join(kinds)}"
        case "missing":
            return f'{where}: "{place[-1]}" is missing'
        case "string_type" if isinstance(first["input"], bool | int | float):
            what = "a boolean" if isinstance(first["input"], bool) else "a number"
            return f"{where}, {'.'.join(place)}: found {found}, {what} to YAML; put it in quotes"
        case "model_type":
            return f"{where}, {'.'.join(place)}: found {found}; write a mapping, {{key: value}}, or leave it out"
        case "model_attributes_type":
            return f"{where}: found {found}; write a mapping with its kind, one of {', '.join(kinds)}"
        case _:
            parts = [part for part in place if part not in ("int", "float", "str")]  # the branches of a union
            key = f", {'.'.join(parts)}" if parts else ""
            advice = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").lower()
            return (
                f"{where}{key}: found {found}; allowed is {advice}"
                if "Input" in first["msg"]
                else (f"{where}{key}: found {found}; {advice}")
            )
