"""Several findings in a published set: a small file of the same form is read and learned."""

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.several_findings import on_published
from helpers import datasets
from helpers.phantoms import FINDINGS, chests, draw_findings
from helpers.training import Recipe

COUNTS = {"train": 400, "validation": 300, "test": 300}


@pytest.fixture
def chestmnist(tmp_path, monkeypatch):
    """Return ChestMNIST as `load` reads it: five findings are simulated, the rest are coins."""
    random, arrays = np.random.default_rng(0), {}
    for seed, (part, key) in enumerate(datasets.SPLITS.items()):
        strength = np.sign(draw_findings(COUNTS[part], seed))
        labels = (random.random((COUNTS[part], 14)) < 0.2).astype(np.uint8)
        labels[:, : len(FINDINGS)] = strength > 0
        arrays |= {f"{key}_images": chests(strength, seed)[..., 0], f"{key}_labels": labels}
    np.savez(tmp_path / "chestmnist.npz", **arrays)
    md5 = hashlib.md5((tmp_path / "chestmnist.npz").read_bytes()).hexdigest()
    facts = replace(datasets.FACTS["chestmnist"], counts=COUNTS, md5={28: md5})
    monkeypatch.setitem(datasets.FACTS, "chestmnist", facts)
    monkeypatch.setenv("MEDMNIST_MIRROR", str(tmp_path))
    return datasets.load("chestmnist", synthetic=False)


@pytest.mark.filterwarnings("ignore::helpers.evaluation.FewCases")
def test_a_set_of_fourteen_findings_is_learned_and_told(chestmnist):
    assert chestmnist.train.labels.shape == (400, 14)
    recipe = Recipe(steps=60, learning_rate=3e-3, shift=0, turn=0, zoom=0)
    head, *table, averages, accuracy = on_published(chestmnist, recipe, verbose=False).split("\n")
    assert len(table) == 14 and head.split()[0] == "cases"
    aucs = []
    for k, (line, name) in enumerate(zip(table, chestmnist.classes, strict=True)):
        said = re.fullmatch(r"(\w+) +(\d+)  (\S+) \((\S+) to (\S+)\) +(\S+) +(\S+)", line)
        auc, low, high, *shares = map(float, said.groups()[2:])
        assert said[1] == name and int(said[2]) == chestmnist.test.labels[:, k].sum()
        assert low < auc < high and all(0 <= share <= 1 for share in shares)
        aucs.append(auc)
    # The second is an effusion, the last nine are coins.
    assert aucs[1] > 0.8 and abs(np.mean(aucs[5:]) - 0.5) < 0.1
    assert abs(float(averages.split()[2].strip(",")) - np.mean(aucs)) < 0.001
    assert accuracy.endswith(f"always saying no {1 - chestmnist.test.labels.mean():.3f}")
