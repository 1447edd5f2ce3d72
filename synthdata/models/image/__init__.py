"""Generators of one image field of a record, given its tabular blocks."""
