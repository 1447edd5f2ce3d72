"""The synthesizer: a schema, its encoder and its generators; fitted, sampled, saved and loaded."""

from synthdata.synthesizer.synthesizer import Synthesizer

__all__ = ["Synthesizer"]
