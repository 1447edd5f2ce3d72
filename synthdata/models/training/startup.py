"""Starting TensorFlow, which is slow and prints messages the first time, so callers choose when."""

from __future__ import annotations

import tensorflow as tf

__all__ = ["start"]


def start() -> None:
    """List the devices, which makes TensorFlow print its messages now, and silence later warnings."""
    tf.config.list_physical_devices()
    tf.get_logger().setLevel("ERROR")
