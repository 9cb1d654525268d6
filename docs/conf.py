"""How `make docs` turns these pages into a site."""

project = "printml"
author = "The printml developers"
copyright = "The printml developers, Apache-2.0"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "printml"
html_show_sourcelink = False
smartquotes = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# Pages link to files of the repository too, which are not part of the site.
suppress_warnings = ["myst.xref_missing", "myst.header"]
