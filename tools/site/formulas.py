"""Formulas are rendered by KaTeX when the site is built: there at first paint, without scripts.

KaTeX itself comes with sphinxcontrib-katex, whose own extension renders in the reader's browser or
needs Node. Its style and fonts lie in `book/_static/katex` and must be of the same version.
"""

import functools
import html
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinxcontrib import katex

logger = logging.getLogger(__name__)
STYLE = "katex/katex.min.css"
# Fonts that nearly every formula needs; without a hint the browser asks for them late.
FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")
# What KaTeX writes after a name, "applied to", and elements that have no room for it.
APPLIED = "\u2061"
SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover", "mfrac", "mroot"}
NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'


@functools.cache
def engine() -> MiniRacer:
    """Return a JavaScript engine that knows `katex`."""
    javascript = MiniRacer()
    javascript.eval(Path(katex.__file__).with_name("katex.min.js").read_text(encoding="utf-8"))
    return javascript


@functools.cache
def render(tex: str, display: bool = False) -> str:
    r"""Return a formula as HTML to look at, and as MathML for screen readers.

    Raises
    ------
    ValueError
        If KaTeX does not understand it.

    Examples
    --------
    >>> render(r"\sqrt{x}")[:20]
    '<span class="katex">'
    >>> render(r"\sqroot{x}")
    Traceback (most recent call last):
    ValueError: Undefined control sequence: \sqroot at position 1: \sqroot{x}
    """
    try:
        return mended(str(engine().call("katex.renderToString", tex, {"displayMode": display})))
    except JSEvalException as error:
        message = str(error).partition("KaTeX parse error: ")[2].partition("\n")[0]
        raise ValueError(message.replace("\u0332", "") or str(error)) from error


def mended(formula: str) -> str:
    r"""Return a formula of KaTeX whose MathML is valid.

    A name that stands alone in a script, as `\max` in `x_{\max}`, comes with an invisible sign that
    says to what it is applied: one child more than a script may have.
    """
    if APPLIED not in formula:
        return formula
    before, start, rest = formula.partition("<math" + NAMESPACE)
    mathml, end, after = rest.partition("</math>")
    root = ElementTree.fromstring(f"<math{mathml}{end}")
    for parent in root.iter():
        for child in list(parent):
            if child.text == APPLIED and parent.tag in SCRIPTS:
                parent.remove(child)
    return f"{before}{start}{ElementTree.tostring(root, encoding='unicode')[len('<math') :]}{after}"


def check_version(app: Sphinx) -> None:
    """Stop if style and fonts are of another KaTeX than the one that renders."""
    style = (Path(app.srcdir) / "book" / "_static" / STYLE).read_text(encoding="utf-8")
    match = re.search(r'content:"([\d.]+)"', style)
    version = str(engine().eval("katex.version"))
    if not match or match[1] != version:
        raise ExtensionError(
            f"book/_static/{STYLE} is of KaTeX {match and match[1]}, but {version} renders; take "
            f"the style and the fonts of {version} from its npm package"
        )


def _visit(self: Any, node: Any, display: bool) -> None:
    """Write a formula; one that is not understood is a warning, and stands there as TeX."""
    tex = node.astext()
    if node.get("number"):
        tex += rf"\tag{{{get_node_equation_number(self, node)}}}"
    try:
        formula = render(tex, display)
    except ValueError as error:
        logger.warning("no formula: %s", error, location=node, type="math")
        formula = f"<code>{html.escape(tex)}</code>"
    tag = "div" if display else "span"
    self.body.append(self.starttag(node, tag, "", CLASS="math notranslate nohighlight"))
    self.body.append(f"{formula}</{tag}>")
    raise nodes.SkipNode


def visit_inline(self: Any, node: nodes.math) -> None:
    """Write a formula in a line."""
    _visit(self, node, display=False)


def visit_block(self: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    _visit(self, node, display=True)


def add_style(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Ask for KaTeX's style and fonts, on pages with formulas only."""
    if 'class="katex' in context.get("body", ""):
        app.add_css_file(STYLE)
        context["fonts"] = [f"_static/katex/fonts/{name}.woff2" for name in FONTS]


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", check_version)
    app.connect("html-page-context", add_style)
