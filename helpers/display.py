"""How a result gets onto the page: figures with alt text, step-by-step figures, glued numbers."""

import base64
import html
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from IPython.display import HTML, display
from matplotlib.figure import Figure

from helpers import _svg, inputs


def _need_text(name: str, text: str) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(
            f"{name}={inputs.told(text)} is no text; "
            "give a sentence that says what the figure shows"
        )


def _need_figure(name: str, figure: Any) -> None:
    inputs.instance(name, figure, Figure, "one of helpers.plots, or plt.figure()")


def _images(figures: Sequence[Figure], alts: Sequence[str]) -> list[str]:
    """Return figures as HTML images that hold their own data.

    As an image an SVG runs no script, so JupyterLab shows it in a notebook that it does not trust.
    """
    return [
        f'<img alt="{html.escape(alt)}" style="background:white;max-width:100%" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}">'
        for image, alt in zip(_svg.images(figures), alts, strict=True)
    ]


def show(figure: Figure, alt: str) -> None:
    """Display a figure together with the sentence that a reader who cannot see it hears.

    Parameters
    ----------
    figure : matplotlib Figure
        Closed afterwards.
    alt : str
        What the figure shows, not how it looks.

    Raises
    ------
    ValueError
        If it is no figure, or `alt` is empty.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> show(plt.figure(), alt="")
    Traceback (most recent call last):
    ValueError: alt='' is no text; give a sentence that says what the figure shows
    """
    _need_figure("figure", figure)
    _need_text("alt", alt)
    (image,) = _images([figure], [alt])
    display({"text/html": image, "text/plain": f"<Figure: {alt}>"}, raw=True)


def steps(figures: Sequence[Figure], captions: Sequence[str]) -> None:
    """Display figures as one picture with a slider, a caption for each step.

    Nothing comes from elsewhere: images and script (`helpers/steps.js`) are inside. Where scripts
    do not run, and on paper, all steps stand below each other. Each caption is its image's alt
    text too.

    Parameters
    ----------
    figures : sequence of matplotlib Figure
        One a step, all of the same size. Closed afterwards.
    captions : sequence of str
        One a step: what happens in it.

    Raises
    ------
    ValueError
        If the numbers of figures and captions differ, there are none, one is no figure, or a
        caption is empty.

    Examples
    --------
    >>> steps([], [])
    Traceback (most recent call last):
    ValueError: 0 figures and 0 captions; give one caption to each of at least one figure
    """
    for name, values in (("figures", figures), ("captions", captions)):
        if not isinstance(values, list | tuple):
            raise ValueError(f"{name}={inputs.told(values)}; give a list")
    if not figures or len(figures) != len(captions):
        raise ValueError(
            f"{len(figures)} figures and {len(captions)} captions; "
            "give one caption to each of at least one figure"
        )
    for number, (figure, caption) in enumerate(zip(figures, captions, strict=True)):
        _need_figure(f"figures[{number}]", figure)
        _need_text(f"captions[{number}]", caption)
    frames = "".join(
        f'<figure style="margin:0">{image}'
        f"<figcaption>{number}/{len(figures)}: {html.escape(caption)}</figcaption></figure>"
        for number, (image, caption) in enumerate(
            zip(_images(figures, captions), captions, strict=True), 1
        )
    )
    script = resources.files("helpers").joinpath("steps.js").read_text(encoding="utf-8")
    script = f"<script data-steps>{script}</script>"
    display(HTML(f'<div class="steps" data-label="Step">{frames}{script}</div>'))


def glue(name: str, value: Any, alt: str = "") -> None:
    """Store a computed value under a name, for pages in `book/` to quote.

    The page writes ``{glue:text}`../notebooks/LESSON.ipynb::NAME:s` `` and never the number itself
    (https://myst-nb.readthedocs.io/en/latest/render/glue.html).
    A notebook stores it and shows nothing.

    Parameters
    ----------
    name : str
        Unique in the book.
    value : object or Figure
        Formatted as its `str`; a figure as an image.
    alt : str
        What a figure shows.

    Raises
    ------
    ValueError
        If there is no name, or a figure comes without alt text.

    Examples
    --------
    >>> glue("auc", f"{0.9312:.2f}")
    {'application/papermill.record/text/plain': '0.93'}
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name={inputs.told(name)}; give a name that is unique in the book")
    if isinstance(value, Figure):
        _need_text("alt", alt)
        data = {"text/html": _images([value], [alt])[0]}
    else:
        data = {"text/plain": str(value)}
    prefix = "application/papermill.record/"
    display(
        {prefix + kind: content for kind, content in data.items()},
        metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
        raw=True,
    )


def interactive(name: str, figure: Figure, alt: str) -> None:
    """Display a figure that a reader of the site moves; elsewhere and on paper it stands still.

    Parameters
    ----------
    name : str
        The module that makes it move, `book/_static/figures/NAME.js`.
    figure : matplotlib Figure
        What stands in the page without scripts. Closed afterwards.
    alt : str
        What the figure shows.

    Raises
    ------
    ValueError
        If it is no figure, `alt` is empty, or the name is no such name.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> interactive("the bench", plt.figure(), alt="A kernel on an X-ray.")
    Traceback (most recent call last):
    ValueError: name='the bench'; give a name of small letters and hyphens, as "convolution"
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z]+(-[a-z]+)*", name):
        raise ValueError(
            f'name={inputs.told(name)}; give a name of small letters and hyphens, as "convolution"'
        )
    _need_figure("figure", figure)
    _need_text("alt", alt)
    (image,) = _images([figure], [alt])
    display(HTML(f'<div class="interactive" data-figure="{name}">{image}</div>'))
