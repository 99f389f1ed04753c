"""The Sphinx extension of this book: what makes its pages light, and readable without scripts.

`_config.yml` names it. The site is built without NumPy, TensorFlow and `helpers`; so nothing here
imports them.
"""

from typing import Any

from sphinx.application import Sphinx

from tools.site import definitions, formulas, head, images, scripts, search, styles, text


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect each part with the events of Sphinx."""
    for part in (formulas, images, definitions, scripts, text, head, search, styles):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
