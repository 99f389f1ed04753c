"""Figures as SVG: small, the same each time, readable on a phone, named where they turn dark."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.patches import Patch
from PIL import Image

from helpers import _svg, plots


def pictures(svg):
    """Return the pictures inside an SVG."""
    found = re.findall(r"data:image/\w+;base64,([^\"]*)", svg)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def groups(svg):
    """Return the words in groups of what lies on a picture."""
    return re.findall(r'<g id="on-\d+">.*?>([^<>]+)</text>', svg)


def chart(**size):
    figure, axis = plt.subplots(layout="constrained", **size)
    axis.plot([0, 1], [0, 1], label="a line")
    axis.set(xlabel="X-ray: gray level; $w_2$")
    return figure, axis


def test_the_same_figure_gives_the_same_bytes_and_is_closed():
    before = plt.get_fignums()
    first, second = (_svg.images([chart()[0]])[0] for _ in range(2))
    assert first == second
    assert plt.get_fignums() == before


def test_words_stay_words_and_nothing_else_is_left():
    figure, _ = chart()
    figure.text(0, 0, "one; two: three")
    (svg,) = _svg.images([figure])
    assert ">one; two: three</text>" in svg
    assert svg.startswith("<svg") and len(svg) < 6000
    assert not re.search(r"<metadata|<\?xml|<!|\n|id=\"(axes|text|figure)|Bitstream", svg)
    assert set(re.findall(r"href=\"#(\w+)", svg)) <= set(re.findall(r'id="(\w+)"', svg))


@pytest.mark.parametrize("width", [5, 6.4, 8])
def test_letters_are_large_enough_for_a_phone(width):
    (svg,) = _svg.images([chart(figsize=(width, 3))[0]])
    sizes = [float(size) for size in re.findall(r"<text style=\"font-size:([\d.]+)px", svg)]
    phone = 382 / (width * 96)  # of a screen 390 wide
    assert len(sizes) > 8 and min(sizes) * 96 / 72 * phone > 8.9


def test_letters_do_not_grow_into_each_other():
    """The words of all steps are of one size; marks that come with the last look are too."""
    wide, narrow = (
        plots.grid(np.zeros((6, 4, 4)), [name] * 6) for name in ("a", "a much longer title")
    )
    svgs = _svg.images([wide, narrow])
    sizes = {size for svg in svgs for size in re.findall(r"font-size:([\d.]+)px", svg)}
    assert len(sizes) == 1 and 9 <= float(sizes.pop()) < 1.7 * 7.8
    (alone,) = _svg.images([plots.grid(np.zeros((6, 4, 4)), ["a"] * 6)])
    assert "font-size:13.26px" in alone


def test_a_small_picture_keeps_its_pixels_and_a_large_one_what_is_seen():
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (28, 20), dtype="uint8")
    large = np.kron(random.integers(0, 256, (30, 30), dtype="uint8"), np.ones((30, 30), "uint8"))
    (svg,) = _svg.images([plots.grid([small, large], columns=2, size=2)])
    first, second = pictures(svg)
    assert first.mode == "L" and np.allclose(np.asarray(first, int), small, atol=1)
    assert "image-rendering:pixelated" in svg
    assert second.format == "WEBP" and 64 < second.size[0] <= 2 * _svg.DENSITY


def test_what_lies_on_a_picture_is_named():
    figure, axis = plt.subplots()
    axis.imshow(np.eye(9))
    axis.text(2, 2, "on it")
    axis.text(12, 2, "beside it")
    axis.set_title("above it")
    assert groups(_svg.images([figure])[0]) == ["on it"]


@pytest.mark.parametrize(("color", "named"), [(plots.BLUE, ["words"]), ("#ddeeff", [])])
def test_words_on_a_colored_bar_are_named(color, named):
    figure, axis = plt.subplots()
    axis.barh([0, 1], [4, 4], color=color)
    axis.text(1, 0, "words", va="center")
    assert groups(_svg.images([figure])[0]) == named


def test_many_points_become_a_picture():
    few, many = (plt.figure() for _ in range(2))
    for figure, count in ((few, 50), (many, 5000)):
        place = np.linspace(0, 1, count)
        figure.add_subplot().scatter(place, place)
    few, many = _svg.images([few, many])
    assert few.count("<use") >= 50 and not pictures(few)
    assert many.count("<use") < 50 and len(many) < 30_000
    assert [picture.mode for picture in pictures(many)] == ["P"]


def test_a_contour_has_few_corners_and_its_colors_are_one_picture():
    figure, axis = plt.subplots()
    x, y = np.meshgrid(np.linspace(-2, 2, 400), np.linspace(-2, 2, 400))
    axis.contour(x, y, x**2 + y**2, [1, 2, 1e6], colors="gray")  # the last one is nowhere
    figure.colorbar(axis.pcolormesh(x[::40, ::40], y[::40, ::40], x[::40, ::40]))
    (svg,) = _svg.images([figure])
    assert len(pictures(svg)) == 2 and len(svg) < 20_000
    # Both circles are still round, and the eye sees no corners.
    paths = [re.findall(r"([\d.]+) ([\d.]+)", path) for path in re.findall(r' d="([^"]*)"', svg)]
    circles = [np.array(path, float) for path in paths if len(path) > 30]
    radii = [np.ptp(circle, axis=0) / 2 for circle in circles]
    assert np.allclose(radii[1] / radii[0], np.sqrt(2), atol=0.01)
    for circle, radius in zip(circles, radii, strict=True):
        off = (circle - circle.min(axis=0) - radius) / radius
        assert np.abs(np.hypot(*off.T) - 1).max() < 0.02


def test_the_legend_of_a_picture_keeps_its_colors():
    figure, axes = plt.subplots(1, 2)
    axes[0].pcolormesh(np.eye(3), cmap="gray")
    for axis in axes:
        axis.legend(handles=[Patch(color="#e6e6e6", label="left alone")])
    (svg,) = _svg.images([figure])
    assert len(re.findall(r'<g id="on-\d+"><path[^>]*fill:#e6e6e6', svg)) == 1
    assert svg.count("fill:#e6e6e6") == 2


def test_a_picture_has_a_frame_and_a_chart_has_two_axes():
    figure, (left, right) = plt.subplots(1, 2)
    left.imshow(np.eye(3))
    right.plot([0, 1])
    _svg.images([figure])
    assert [
        sum(spine.get_visible() for spine in axis.spines.values()) for axis in (left, right)
    ] == [4, 2]
