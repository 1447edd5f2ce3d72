"""Schemas: the fields of a record, how they are modelled, and the constraints between them."""

from synthdata.schema.editors import json_schema
from synthdata.schema.model import Model, ModelLike
from synthdata.schema.schema import MISSING, Schema, infer
from synthdata.schema.sequence import Sequence
from synthdata.schema.source import Source

__all__ = ["MISSING", "Model", "ModelLike", "Schema", "Sequence", "Source", "infer", "json_schema"]
