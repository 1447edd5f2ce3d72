"""Fidelity of texts, and what they copy."""
