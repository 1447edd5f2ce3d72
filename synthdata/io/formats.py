"""Formats: which reader and which writer each file ending has.

To add a format, write its reader (a function of a path) or its writer (see `writers.writer`) in a file of its own, and
name it here. Help texts and docs are made from these tables, so they import nothing: pandas takes a second.
"""

from __future__ import annotations

__all__ = ["FORMATS", "READERS", "VERDICT", "ending_of"]

VERDICT = ".verdict.json"  # behind the name of an exported table, that of its verdict
READERS: dict[str, str] = {  # ending: module and function
    ".csv": "synthdata.io.readers.csv:read_csv",
    ".csv.gz": "synthdata.io.readers.csv:read_csv",
    ".tsv": "synthdata.io.readers.csv:read_csv",
    ".tsv.gz": "synthdata.io.readers.csv:read_csv",
    ".txt": "synthdata.io.readers.csv:read_csv",
    ".txt.gz": "synthdata.io.readers.csv:read_csv",
    ".asc": "synthdata.io.readers.csv:read_csv",
    ".dat": "synthdata.io.readers.csv:read_csv",
    ".parquet": "synthdata.io.readers.parquet:read_parquet",
    ".feather": "synthdata.io.readers.feather:read_feather",
    ".arrow": "synthdata.io.readers.feather:read_feather",
    ".jsonl": "synthdata.io.readers.jsonl:read_jsonl",
    ".jsonl.gz": "synthdata.io.readers.jsonl:read_jsonl",
    ".ndjson": "synthdata.io.readers.jsonl:read_jsonl",
    ".ndjson.gz": "synthdata.io.readers.jsonl:read_jsonl",
    ".json": "synthdata.io.readers.jsonl:read_json",
    ".json.gz": "synthdata.io.readers.jsonl:read_json",
    ".xlsx": "synthdata.io.readers.excel:read_workbook",
    ".xlsm": "synthdata.io.readers.excel:read_workbook",
    ".xlsb": "synthdata.io.readers.excel:read_workbook",
    ".xls": "synthdata.io.readers.excel:read_workbook",
    ".ods": "synthdata.io.readers.excel:read_workbook",
    ".dta": "synthdata.io.readers.stats:read_statistics",
    ".sas7bdat": "synthdata.io.readers.stats:read_statistics",
    ".xpt": "synthdata.io.readers.stats:read_statistics",
    ".sav": "synthdata.io.readers.stats:read_statistics",
    ".zsav": "synthdata.io.readers.stats:read_statistics",
}
FORMATS: dict[str, str] = {  # ending: module and class of the writer; what ends in .gz is compressed besides
    ".csv": "synthdata.io.writers.csv:CsvWriter",
    ".csv.gz": "synthdata.io.writers.csv:CsvWriter",
    ".tsv": "synthdata.io.writers.csv:TsvWriter",
    ".tsv.gz": "synthdata.io.writers.csv:TsvWriter",
    ".parquet": "synthdata.io.writers.parquet:ParquetWriter",
    ".jsonl": "synthdata.io.writers.jsonl:JsonlWriter",
    ".jsonl.gz": "synthdata.io.writers.jsonl:JsonlWriter",
    ".npz": "synthdata.io.writers.npz:NpzWriter",
    ".tfrecord": "synthdata.io.writers.tfrecord:RecordWriter",
}


def ending_of(name: str, table: dict[str, str]) -> str:
    """Return the longest ending of a file name that a table knows, in lower case; "" if there is none."""
    return max((ending for ending in table if name.lower().endswith(ending)), key=len, default="")
