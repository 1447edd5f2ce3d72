"""Encoding: a frame of a schema as arrays of blocks, and back."""
