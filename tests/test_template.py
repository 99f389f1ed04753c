"""The template notebook runs on folders that differ in everything, by changing one cell."""

import ast
import csv
import warnings

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from helpers.evaluation import FewCases
from helpers.model_card import FIELDS
from tests.test_dicom import gray
from tools.notebooks import LESSONS, read

CELLS = [cell for cell in read(LESSONS / "template-own-folder.ipynb").cells if cell.source]
TAGGED = [cell for cell in CELLS if "settings" in cell.metadata.get("tags", [])]
# What each folder sets otherwise.
USUAL = {
    "NEW": None,
    "SIZE": 32,
    "FIT": "pad",
    "PATIENT": None,
    "COLUMNS": None,
    "CLASSES": None,
    "LEAVE_OUT": [],
    "TEST": 0.25,
    "VALIDATION": 0.25,
    "SENSITIVITY": 0.9,
    "WINDOW": None,
    "SEED": 3,
    "TEXTS": dict.fromkeys(FIELDS, "Said in a sentence."),
}


def run(settings):
    """Run all cells with other settings; return what they leave."""
    names = {}
    for cell in CELLS:
        if cell.cell_type != "code" or "remove-cell" in cell.metadata.get("tags", []):
            continue
        if cell in TAGGED:
            names.update({**USUAL, **settings})
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FewCases)
                exec(cell.source, names)
    return names


def spots(label, rng, height=44, width=44):
    """Return noise (height, width) in [0, 1] with as many white bars as the label says."""
    image = rng.uniform(0, 0.3, (height, width))
    for bar in range(label):
        image[5 + 10 * bar : 10 + 10 * bar] = 1
    return image


def four_classes_of_png(root):
    rng = np.random.default_rng(0)
    for label, name in enumerate(["I", "II", "III", "IV"]):
        (root / "mine" / name).mkdir(parents=True)
        for number in range(20):
            image = spots(label, rng, *rng.integers(40, 60, 2))
            color = np.stack([image, image, 1 - image], axis=-1)
            file = root / "mine" / name / f"{number}.png"
            Image.fromarray((255 * color).astype("uint8")).save(file)
    return {"DATA": root / "mine", "POSITIVE": "III", "FIT": "squeeze"}


def table_of_tiff(root):
    rng = np.random.default_rng(0)
    lines = []
    for patient in range(32):
        part = ("training", "training", "val", "test")[patient // 2 % 4]
        for visit in "ab":
            file = root / f"{patient}{visit}.tif"
            Image.fromarray((4000 * spots(patient % 2, rng)).astype("uint16")).save(file)
            lines.append([file.name, ["no", "yes"][patient % 2], f"who{patient}", part])
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "diagnosis", "person", "part"], *lines])
    (root / "new").mkdir()
    for name in ("6a.tif", "7a.tif"):  # of the test
        (root / "new" / name).write_bytes((root / name).read_bytes())
    (root / "new" / "broken.tif").write_bytes(b"no image")
    columns = {"file": "image", "label": "diagnosis", "patient": "person", "split": "part"}
    kept = {"TEST": None, "VALIDATION": None}
    return {
        "DATA": root / "list.csv",
        "NEW": root / "new",
        "POSITIVE": "yes",
        "COLUMNS": columns,
        **kept,
    }


def table_of_dicom(root):
    rng = np.random.default_rng(0)
    lines = []
    for number in range(48):
        label = int(number // 2 % 3 == 0)
        file = root / f"series{number}.dcm"
        gray((2000 * spots(3 * label, rng, 48, 40)).astype("int16")).save_as(file)
        lines.append([file.name, ["well", "ill"][label], f"id{number // 2}", "1.5"])
    with (root / "cases.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "label", "patient", "tesla"], *lines])
    return {
        "DATA": root / "cases.csv",
        "POSITIVE": "ill",
        "CLASSES": ["well", "ill"],
        "FIT": "crop",
        "WINDOW": "percentiles",
    }


FOLDERS = {
    four_classes_of_png: ("PATIENTS ARE NOT KNOWN", (80, 32, 32, 3)),
    table_of_tiff: ("test and validation as it came", (64, 32, 32, 1)),
    table_of_dicom: ("split by patient", (48, 32, 32, 1)),
}


@pytest.mark.parametrize("make", FOLDERS, ids=lambda make: make.__name__)
def test_template_runs_on_any_folder(make, tmp_path, capsys):
    words, shape = FOLDERS[make]
    settings = make(tmp_path)
    left = run({**settings, "OUT": tmp_path / "results"})
    said = capsys.readouterr().out + repr(left["data"])
    assert words in said
    assert left["cases"].images.shape == shape
    # The network is the regression on frozen features, in one piece.
    again = left["regression"].predict_proba(left["X"]["validation"])
    np.testing.assert_allclose(left["validation"], again, atol=1e-4)
    # Bars are easy to see; and scores are of the classes in their order.
    truth = left["data"].test.labels
    for label in range(len(left["cases"].classes)):
        assert roc_auc_score(truth == label, left["scores"][:, label]) > 0.8
    positive = left["cases"].classes.index(settings["POSITIVE"])
    found = left["validation"][left["data"].validation.labels == positive, positive]
    assert (found > left["threshold"]).mean() >= 0.9
    card = (tmp_path / "results" / "card.md").read_text(encoding="utf-8")
    assert f"{len(truth)} test cases" in card and f"score is that of {settings['POSITIVE']}" in card
    assert all(
        f"| {name} | {(truth == k).sum()} | " in card
        for k, name in enumerate(left["cases"].classes)
    )
    assert ("each counts as a patient" in " ".join(card.split())) == (
        left["cases"].patients is None
    )
    if settings.get("NEW"):
        new_files_went_the_way_of_the_old_ones(left, tmp_path / "results")


def new_files_went_the_way_of_the_old_ones(left, results):
    """A file scored as new has the score that it had in the test; a broken one has its reason."""
    with (results / "scores.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["file"]: line for line in csv.DictReader(file)}
    assert set(lines) == {"6a.tif", "7a.tif", "broken.tif"}
    for name in ("6a.tif", "7a.tif"):
        (place,) = np.flatnonzero(left["data"].test.files == name)
        assert abs(float(lines[name]["yes"]) - left["scores"][place, 1]) < 1e-3
        called = left["scores"][place, 1] > left["threshold"]
        assert lines[name]["answer"] == ("yes" if called else "not yes")
    assert lines["broken.tif"]["yes"] == "" and "no image" in lines["broken.tif"]["answer"]
    model = keras.models.load_model(results / "model.keras")
    images = left["data"].test.images[:2].astype("float32") / 255
    np.testing.assert_allclose(model.predict_on_batch(images), left["scores"][:2], atol=1e-4)


def test_one_cell_holds_the_settings():
    (cell,) = TAGGED
    targets = ast.walk(ast.parse(cell.source))
    stored = [n for n in targets if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    names = {name.id for name in stored}
    assert names - {"simulated"} == {*USUAL, "DATA", "OUT", "POSITIVE"}
