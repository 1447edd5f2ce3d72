"""Image: a picture in a column, as pixels."""

from synthdata.fields.image.field import IMAGE_ENDINGS, Image

__all__ = ["IMAGE_ENDINGS", "Image"]
