"""Fidelity and utility of tables."""
