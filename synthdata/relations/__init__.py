"""Tables that belong together, and rows in time: learned as a tree of owners and the rows that belong to them."""

from synthdata.relations.pipeline import export_folder, generate, train
from synthdata.relations.schema import Relations, Table
from synthdata.relations.sequences import SequenceSynthesizer
from synthdata.relations.synthesizer import RelationalSynthesizer

__all__ = ["RelationalSynthesizer", "Relations", "SequenceSynthesizer", "Table", "export_folder", "generate", "train"]
