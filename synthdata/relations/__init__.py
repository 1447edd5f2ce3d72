"""Tables that belong together: learned as a tree of owners and their rows, and rows in time."""

from synthdata.relations.schema import Relations, Table
from synthdata.relations.synthesizer import RelationalSynthesizer

__all__ = ["RelationalSynthesizer", "Relations", "Table"]
