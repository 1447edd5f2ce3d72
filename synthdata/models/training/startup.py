"""Starting TensorFlow: slow and talkative the first time, so callers choose when."""

from __future__ import annotations

import tensorflow as tf

__all__ = ["start"]


def start() -> None:
    """Make TensorFlow look for its devices, which is when it prints; what it warns of later is about code, not data."""
    tf.config.list_physical_devices()
    tf.get_logger().setLevel("ERROR")
