"""Privacy: the real values that no synthetic row may hold."""
