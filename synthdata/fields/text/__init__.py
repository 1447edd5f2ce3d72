"""Text: free text, as tokens of pieces that were learned, or of a pretrained model."""

from synthdata.fields.text.field import Text

__all__ = ["Text"]
