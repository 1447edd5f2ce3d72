"""Schemas as YAML text, the one door to PyYAML: reading with a safe loader, writing one field a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from synthdata.errors import SchemaError, similar_file
from synthdata.regular_files import read_regular
from synthdata.schema.model import Model
from synthdata.schema.source import Source

if TYPE_CHECKING:
    from synthdata.schema.schema import Schema

__all__ = ["read_text", "read_yaml", "with_listed", "with_model", "write_yaml"]

MODELINE = "# yaml-language-server: $schema=schema.json"
DEEPEST, MOST_BITS = 50, 1000
LARGEST_LIST = 64 << 20  # bytes of a file of values
OPTIONAL = ("joined", "fields", "constraints", "require")  # keys with nothing behind them count as left out


def read_text(path: Path, init: str) -> str:
    """The text of a schema's file; SchemaError if it cannot be read. init: the command that writes one."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SchemaError(f"{path}: no such schema; {similar_file(path) or f'`{init}` writes one'}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from None


def read_yaml(text: str, source: str) -> dict[str, Any]:
    """Read a schema's YAML into plain data; SchemaError for what is not YAML, or not a mapping. source: its name."""
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
    _check_values(data, source)
    return {key: value for key, value in data.items() if value or key not in OPTIONAL}


def _check_values(data: Any, source: str, above: tuple[int, ...] = ()) -> None:
    """Refuse what YAML can say and no schema can hold: itself, half a character, a number beyond any float."""
    if id(data) in above or len(above) > DEEPEST:
        raise SchemaError(f"{source}: an alias that holds itself, or more than {DEEPEST} levels")
    if isinstance(data, dict | list):
        for each in [*data, *data.values()] if isinstance(data, dict) else data:
            _check_values(each, source, (*above, id(data)))
    elif isinstance(data, str) and not data.isascii():
        try:
            data.encode()
        except UnicodeEncodeError:
            raise SchemaError(f"{source}: holds half a character, an escape \\uD800 to \\uDFFF by itself") from None
    elif isinstance(data, int) and data.bit_length() > MOST_BITS:
        raise SchemaError(f"{source}: a number of {data.bit_length() // 3:,} digits; write one of at most 300")


def with_listed(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """A schema's data with the values of categories that are in files, one a line. path: of the schema's own file."""
    for name, field in (data.get("fields") or {}).items() if isinstance(data.get("fields"), dict) else ():
        if not isinstance(field, dict) or not isinstance(field.get("values"), str):
            continue
        file = path.parent / field["values"]
        if not file.resolve().is_relative_to(path.parent.resolve()):  # what a schema of somebody else must not learn
            raise SchemaError(f'{path}, field "{name}", values: {file} is not beside the schema; copy it there')
        try:
            lines = read_regular(file, LARGEST_LIST).decode("utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            raise SchemaError(f'{path}, field "{name}", values: {file} cannot be read: {error}') from None
        field["values"] = [line.strip() for line in lines if line.strip()]
        if not field["values"]:
            raise SchemaError(f'{path}, field "{name}", values: {file} is empty; it holds one value a line')
    return data


def write_yaml(schema: Schema, notes: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    """Write a schema, defaults left out. notes: comments, by the field they stand behind. reasons: by the key."""
    defaults = type(schema).model_fields
    head: dict[str, Any] = {"name": schema.name}
    if schema.target:
        head["target"] = schema.target
    if schema.subject:
        head["subject"] = schema.subject[0] if len(schema.subject) == 1 else list(schema.subject)
    if schema.rows_per_subject != defaults["rows_per_subject"].default:
        head["rows_per_subject"] = schema.rows_per_subject
    if schema.sequence is not None:
        head["sequence"] = schema.sequence.model_dump()
    if schema.source != Source():
        head["source"] = schema.source.said
    if schema.joined:
        head["joined"] = schema.joined
    if schema.model != Model():
        head["model"] = _model(schema)
    behind = {key: f"  # {reason}" for key, reason in reasons.items() if reason}
    lines = [MODELINE, *(f"{key}: {_flow(value)}{behind.get(key, '')}" for key, value in head.items()), "fields:"]
    for name, field in schema.fields.items():
        values = {"kind": field.kind, **field.model_dump(exclude_defaults=True)}
        note = f"  # {notes[name]}" if notes.get(name) else ""
        lines.append(f"  {_flow(name)}: {_flow(values)}{note}")
    if schema.constraints:
        lines.append("constraints:")
        for constraint in schema.constraints:
            values = {"kind": constraint.kind, **constraint.model_dump(exclude_defaults=True)}
            lines.append(f"  - {_flow(values)}")
    if schema.suite:
        lines.append(f"suite: {_flow(schema.suite)}")
    if schema.require:
        lines.append(f"require: {_flow(schema.require)}")
    return "\n".join(lines) + "\n"


def with_model(schema: Schema, text: str) -> str:
    """Put a schema's model into the text of the same schema, whose comments and order stay.

    Where the text's model takes several lines, or there is no line to put it before, all is written anew.
    """
    model = f"model: {_flow(_model(schema))}"
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
    return write_yaml(schema, {}, {}).partition("\n")[2]


def _model(schema: Schema) -> dict[str, Any]:
    return {"family": schema.model.family, **schema.model.options}


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
