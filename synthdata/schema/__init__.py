"""Schemas: the fields of a record, how they are modelled, and the constraints between them."""

from synthdata.schema.model import Model, ModelLike
from synthdata.schema.schema import MISSING, Schema, infer, json_schema

__all__ = ["MISSING", "Model", "ModelLike", "Schema", "infer", "json_schema"]
