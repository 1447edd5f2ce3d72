"""Schemas: the fields of a record, how they are modelled, and the constraints between them."""

from synthdata.schema.schema import FOLDER, MISSING, Model, Schema, infer, json_schema

__all__ = ["FOLDER", "MISSING", "Model", "Schema", "infer", "json_schema"]
