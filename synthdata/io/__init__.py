"""Reading and writing tables: files by format, atomic writes, tf.data."""
