"""Fidelity of images, and the networks that describe them."""
