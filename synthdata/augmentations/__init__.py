"""Classic augmentation: random transforms of images and texts, as their fields name them."""

from synthdata.augmentations.transform import transform, transformed_fields

__all__ = ["transform", "transformed_fields"]
