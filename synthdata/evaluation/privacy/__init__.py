"""Privacy: what synthetic rows give away of real ones."""
