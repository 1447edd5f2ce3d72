"""Augmentations: changed copies of images and texts, as the transforms of their fields say."""

from synthdata.augmentations.transform import transform, transformed_fields

__all__ = ["transform", "transformed_fields"]
