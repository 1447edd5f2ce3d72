"""Sphinx configuration of the documentation site: `make docs` writes it to build/docs."""

from importlib.metadata import version as version_of

project = "synthdata"
author = "the synthdata authors"
release = version = version_of("synthdata")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nitpicky = True
smartquotes = False  # --json keeps its two dashes
nitpick_ignore_regex = [("py:.*", ".*")]  # types in signatures: pandas, NumPy and Keras are not fetched to link to

myst_heading_anchors = 3

autodoc_typehints = "none"  # docstrings name them
autodoc_preserve_defaults = True
autodoc_default_options = {"exclude-members": "model_config"}
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"synthdata {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
