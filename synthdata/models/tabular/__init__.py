"""Generators of tabular blocks."""
