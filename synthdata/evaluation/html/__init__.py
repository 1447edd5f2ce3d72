"""Report pages: templates, plots, and the files they are written to."""
