"""Training: the loop, its batches, its checkpoints. Keras."""
