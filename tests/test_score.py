"""A folder of new images goes the way of the training images, or a line says why not."""

import csv
import hashlib
import json
import shutil
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from helpers import phantoms, score
from helpers.folders import fit_to
from helpers.models import small_network
from helpers.training import predict

SIZE = 28
WIDE = phantoms.radiographs([0, 1, 0, 1], size=60).images[:, 10:50, :, 0]  # 40 x 60


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    """Return a folder with a network whose scores lie on both sides of its threshold."""
    place = tmp_path_factory.mktemp("delivery")
    keras.utils.set_random_seed(1)
    network = small_network()
    threshold = float(np.median(predict(network, squares(WIDE, "pad"))[:, 1]))
    score.deliver(network, place / "net.keras", "normal", "ill", threshold, "pad")
    return place


@pytest.fixture
def place(delivery, tmp_path):
    for file in delivery.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "new").mkdir()
    return tmp_path


def squares(images, fit):
    return np.stack([fit_to(one, SIZE, fit) for one in images])[..., None].astype("float32") / 255


def save(place, name, pixels):
    path = place / "new" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def scored(place):
    result = score.score(place / "net.keras", place / "new", place / "scores.csv")
    with (place / "scores.csv").open(newline="", encoding="utf-8") as file:
        return result, list(csv.DictReader(file))


def nothing_new(place):
    """Return whether no table, and no part of one, was left."""
    return sorted(path.name for path in place.iterdir()) == ["net.json", "net.keras", "new"]


def test_scores_are_those_of_the_network(place):
    names = ["b/2.png", "a.png", "b/1.png", "c.png"]
    for name, image in zip(names, WIDE, strict=True):
        save(place, name, image)
    (place / "new" / "notes.txt").write_text("no image, and not called one")
    result, lines = scored(place)
    assert [line["file"] for line in lines] == ["a.png", "c.png", "b/1.png", "b/2.png"]
    network = keras.models.load_model(place / "net.keras")
    threshold = json.loads((place / "net.json").read_text())["threshold"]
    right = dict(zip(names, predict(network, squares(WIDE, "pad"))[:, 1], strict=True))
    other = dict(zip(names, predict(network, squares(WIDE, "squeeze"))[:, 1], strict=True))
    for line in lines:
        assert abs(float(line["score"]) - right[line["file"]]) < 2e-6
        assert abs(float(line["score"]) - other[line["file"]]) > 1e-5, "another fit is seen"
        assert line["decision"] == ("ill" if right[line["file"]] > threshold else "normal")
        assert line["reason"] == ""
    assert {line["decision"] for line in lines} == {"ill", "normal"}
    assert result == score.Scored(4, sum(line["decision"] == "ill" for line in lines), 0)


def test_more_images_than_are_in_memory_at_a_time(place, monkeypatch):
    for number in range(7):
        save(place, f"{number}.png", np.roll(WIDE[0], 3 * number, axis=1))
    whole = scored(place)[1]
    (place / "scores.csv").unlink()
    monkeypatch.setattr(score, "CHUNK", 3)
    again = scored(place)[1]
    assert [line["file"] for line in again] == [line["file"] for line in whole]
    for one, other in zip(whole, again, strict=True):
        assert abs(float(one["score"]) - float(other["score"])) < 2e-6


COLORS = phantoms.fundus([1], size=40).images[0]
BAD = {
    "empty.png": (b"", "it is empty (0 bytes)"),
    "page.png": (b"<!doctype html><p>404", "it is a web page"),
    "color.png": (COLORS, "it has colors, and the model takes gray"),
    "black.png": (np.zeros((40, 40), np.uint8), "all its pixels are the same"),
    "small.png": (WIDE[0][:20], "it has 20 x 60 pixels, and the model takes 28 x 28"),
    "deep.png": (WIDE[0].astype(np.uint16) * 257, "it has 16 bits, and the model was trained on 8"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_scored_has_a_reason_and_stops_nobody(name, place):
    content, reason = BAD[name]
    save(place, "good.png", WIDE[0])
    if isinstance(content, bytes):
        (place / "new" / name).write_bytes(content)
    else:
        save(place, name, content)
    result, lines = scored(place)
    assert (result.scored, result.refused) == (1, 1)
    [bad] = [line for line in lines if line["file"] == name]
    assert (bad["score"], bad["decision"]) == ("", "")
    assert reason in bad["reason"]
    [good] = [line for line in lines if line["file"] == "good.png"]
    assert good["score"] and not good["reason"]


def test_a_table_of_reasons_alone(place):
    (place / "new" / "cut.png").write_bytes(b"")
    result, lines = scored(place)
    assert result == score.Scored(0, 0, 1) and len(lines) == 1


def test_a_model_of_16_bits_and_colors_takes_them(place):
    network = small_network((SIZE, SIZE, 3))
    score.deliver(network, place / "net.keras", "no", "yes", 0.5, "crop", white=4095)
    save(place, "color.png", COLORS)
    save(place, "gray.png", WIDE[0])
    save(place, "deep.png", WIDE[0].astype(np.uint16) * 16)
    assert scored(place)[0].refused == 0


def change(place, **settings):
    path = place / "net.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def spoil(place, name):
    if name == "model":
        (place / "net.keras").write_bytes(b"no network")
        change(place, network=hashlib.sha256(b"no network").hexdigest())
    elif name == "other model":
        small_network(filters=(4,)).save(place / "net.keras")
    elif name == "no model":
        (place / "net.keras").unlink()
    elif name == "no settings":
        (place / "net.json").unlink()
    elif name == "cut settings":
        (place / "net.json").write_text('{"negative": "nor')
    elif name == "wrong settings":
        change(place, threshold="high")
    elif name == "unknown settings":
        change(place, more=1)
    elif name == "no folder":
        shutil.rmtree(place / "new")
    elif name == "no images":
        shutil.rmtree(place / "new")
        (place / "new").mkdir()
        (place / "new" / "notes.txt").write_text("nothing")


SPOILT = {
    "model": "Keras can't load it",
    "other model": "belongs to another net.keras; deliver both again",
    "no model": "is no .keras file; give one of `deliver`",
    "no settings": "net.json is not beside the model",
    "cut settings": "not as `deliver` wrote it; deliver again",
    "wrong settings": "not as `deliver` wrote it; deliver again",
    "unknown settings": "not as `deliver` wrote it; deliver again",
    "no folder": "is no folder; give one with images",
    "no images": "holds no images; see the path",
}


@pytest.mark.parametrize("name", SPOILT)
def test_nothing_is_written_if_the_whole_can_not_be(name, place):
    save(place, "good.png", WIDE[0])
    spoil(place, name)
    before = sorted(place.rglob("*"))
    with pytest.raises(ValueError) as error:
        scored(place)
    assert SPOILT[name] in str(error.value) and "\n" not in str(error.value)
    assert sorted(place.rglob("*")) == before


def test_a_table_that_is_there_stays(place):
    save(place, "good.png", WIDE[0])
    (place / "scores.csv").write_text("last week's")
    with pytest.raises(ValueError, match="is there already; give another name"):
        scored(place)
    assert (place / "scores.csv").read_text() == "last week's"
    with pytest.raises(ValueError, match="its folder is not there; make it first"):
        score.score(place / "net.keras", place / "new", place / "nowhere" / "scores.csv")


def test_a_full_disk_leaves_no_half_table(place, monkeypatch):
    save(place, "good.png", WIDE[0])

    def full(part, lines):
        part.write_text("file,score")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(score, "_write_table", full)
    with pytest.raises(ValueError, match=r"scores.csv can't be written: No space left"):
        scored(place)
    assert nothing_new(place)


def test_the_command(place, monkeypatch, capsys):
    save(place, "good.png", WIDE[0])
    (place / "new" / "cut.png").write_bytes(b"")
    arguments = [str(place / name) for name in ("net.keras", "new", "scores.csv")]
    monkeypatch.setattr(sys, "argv", ["score", *arguments])
    assert score._main() == 0
    assert "1 images scored" in capsys.readouterr().out
    assert score._main() == 1
    assert "is there already" in capsys.readouterr().err


NETWORK = small_network(filters=(2,))
RIGHT = {
    "model": NETWORK,
    "file": "net.keras",
    "negative": "normal",
    "positive": "ill",
    "threshold": 0.5,
    "fit": "pad",
    "white": 255,
}
ANY_SIZE = keras.Sequential(
    [
        keras.Input((None, None, 1)),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1, "sigmoid"),
    ]
)
WRONG = {
    "model": [None, "net.keras", small_network(classes=3), small_network((28, 20, 1)), ANY_SIZE],
    "file": ["net.h5", "", None, 3, "nowhere/net.keras"],
    "negative": ["", None, 0, "ill"],
    "positive": ["", None, 1],
    "threshold": [-0.1, 1.1, float("nan"), "0.5", None, True],
    "fit": ["stretch", None, ""],
    "white": [0, 254, 70_000, 255.0, None, True],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_bad_delivery_writes_nothing(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as error:
        score.deliver(**(RIGHT | {name: value}))
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_the_right_delivery_is_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    score.deliver(**RIGHT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.keras"]


@pytest.mark.parametrize("name", ["model", "folder", "table"])
@pytest.mark.parametrize("value", [None, 3, "", ["new"]])
def test_what_is_no_path_is_refused(name, value, place):
    right = {"model": place / "net.keras", "folder": place / "new", "table": place / "scores.csv"}
    with pytest.raises(ValueError, match=f"{name}="):
        score.score(**(right | {name: value}))
    assert nothing_new(place)
