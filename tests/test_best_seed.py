"""The hundred networks of which the best of four is reported: the command, and its file."""

import json
from types import SimpleNamespace

import numpy as np

from helpers.datasets import Split
from tools import best_seed

RESULTS = json.loads(best_seed.RESULTS.read_text(encoding="utf-8"))
RIGHT = np.array([list(run["right"]) for run in RESULTS["runs"]], dtype=int)


def test_file_holds_each_seed_once():
    assert [run["seed"] for run in RESULTS["runs"]] == list(best_seed.SEEDS)
    assert set(RESULTS["versions"]) == {"keras", "tensorflow"}


def test_file_is_about_the_test_images_of_the_set():
    # 156 test images, 114 of them benign: MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
    assert RIGHT.shape == (100, 156)
    assert set(np.unique(RIGHT)) == {0, 1}
    assert RESULTS["baseline"] == round(114 / 156, 4)


def test_networks_learn_and_differ():
    accuracies = RIGHT.mean(axis=1)
    assert accuracies.mean() > RESULTS["baseline"] + 0.02
    assert len(np.unique(RIGHT, axis=0)) > 90


def test_judge_stores_what_is_right(untraced, monkeypatch):
    monkeypatch.setattr(best_seed, "EPOCHS", 1)
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), "uint8")
    # All training images are of class 1, so after a few steps every answer is 1.
    train = Split(np.repeat(images, 8, axis=0), np.ones(320, int))
    data = SimpleNamespace(train=train, test=Split(images, np.arange(40) % 2))
    assert best_seed.judge(data, 3) == {"seed": 3, "right": "01" * 20}
