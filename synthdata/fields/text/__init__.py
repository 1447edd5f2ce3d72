"""Text: free text, as tokens of a tokenizer that is learned, or of a pretrained model."""

from synthdata.fields.text.field import Text

__all__ = ["Text"]
