"""Generators of one text field of a record, given its tabular blocks."""
