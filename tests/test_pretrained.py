"""The network from photographs: known pictures get their names, and strange files are refused."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from helpers import pretrained

# ImageNet's classes 698 (palace) and 985 (daisy), of scikit-learn's two photographs.
KNOWN = {"china.jpg": 698, "flower.jpg": 985}


def square(name):
    """Return the middle of a photograph as the network learned: 224 of 256 pixels."""
    picture = Image.fromarray(load_sample_image(name))
    width, height = picture.size
    side = min(width, height) * 7 // 8
    left, top = (width - side) // 2, (height - side) // 2
    picture = picture.crop((left, top, left + side, top + side)).resize((224, 224))
    return np.asarray(picture, "float32") / 255


def test_known_pictures_get_their_names():
    model = pretrained.efficientnet_lite0(top=True)
    logits = model.predict(np.stack([square(name) for name in KNOWN]), verbose=0)
    assert logits.argmax(axis=1).tolist() == list(KNOWN.values())


def test_features_are_those_before_the_classes():
    images = np.stack([square(name) for name in KNOWN])
    model = pretrained.efficientnet_lite0(top=True)
    kernel, bias = model.get_layer("fc").get_weights()
    found = pretrained.features(images, verbose=False) @ kernel + bias
    assert np.allclose(found, model.predict(images, verbose=0), atol=1e-3)


def test_uint8_gray_and_color_are_the_same_picture():
    gray = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 1), dtype="uint8")
    first = pretrained.features(gray, size=32, verbose=False)
    assert np.allclose(first, pretrained.features(gray / 255, size=32, verbose=False), atol=1e-4)
    color = np.repeat(gray, 3, axis=-1)
    assert np.allclose(first, pretrained.features(color, size=32, verbose=False), atol=1e-5)
    assert first.std() > 0.01


def test_each_array_of_the_file_has_a_place_or_is_a_counter():
    arrays = pretrained._read(pretrained._file())
    model = pretrained.efficientnet_lite0(size=32, top=True)
    used = sum(weight.size for weight in model.get_weights())
    counters = sum(name.endswith("num_batches_tracked") for name in arrays)
    assert used == sum(array.size for array in arrays.values()) - counters == 4_694_024
    assert np.isfinite(np.concatenate([a.ravel() for a in arrays.values()])).all()


def test_another_file_is_refused(tmp_path, monkeypatch):
    package = tmp_path / pretrained.PACKAGE
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / pretrained.FILE).write_bytes(b"another")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, pretrained.PACKAGE, raising=False)
    with pytest.raises(ValueError, match=r"57934424\.pth is not the file .* install"):
        pretrained.efficientnet_lite0(size=32)
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package_here")
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet"):
        pretrained.efficientnet_lite0(size=32)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 28, 28)), r"\(2, 28, 28\); give"),
        (np.zeros((0, 28, 28, 1)), r"\(0, 28, 28, 1\); give"),
        (np.zeros((2, 28, 28, 2)), r"\(2, 28, 28, 2\); give"),
        (np.zeros((2, 28, 28, 1), int), "int64; give uint8, or floats"),
        (np.full((2, 28, 28, 1), 255.0), r"255 to 255; give floats in \[0, 1\]"),
        (np.full((2, 28, 28, 1), np.nan), r"nan to nan; give floats in \[0, 1\]"),
    ],
)
def test_features_refuse_what_is_no_image(images, message):
    with pytest.raises(ValueError, match=message):
        pretrained.features(images, size=32, verbose=False)


@pytest.mark.parametrize("size", [31, 0, -224, 224.0, True, "224", None])
def test_sizes_that_are_none_are_refused(size):
    with pytest.raises(ValueError, match="size=.* give an integer of 32 or more"):
        pretrained.efficientnet_lite0(size)
