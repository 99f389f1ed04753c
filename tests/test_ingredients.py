"""The ingredients of the recipe, on and off: the command, and the file that it wrote."""

import json

import numpy as np
import pytest

from tools import ingredients

RESULTS = json.loads(ingredients.RESULTS.read_text(encoding="utf-8"))


def test_file_holds_each_run_once():
    found = [(run["variant"], run["seed"]) for run in RESULTS["runs"]]
    assert len(found) == len(set(found))
    assert set(found) == {(v, seed) for v in ingredients.VARIANTS for seed in ingredients.SEEDS}
    assert RESULTS["steps"] == ingredients.STEPS


def test_each_variant_changes_one_thing():
    for network, recipe in ingredients.VARIANTS.values():
        places = [network, {"augmentation": 0} if len(recipe) == 3 else recipe]
        assert sum(map(len, places)) <= 1
    plain = ingredients.build("the recipe", 0)
    for variant, (network, recipe) in ingredients.VARIANTS.items():
        built = ingredients.build(variant, 0)
        if network:
            assert built[0].count_params() != plain[0].count_params() or "dropout" in network
        if recipe:
            assert built[1] != plain[1]


@pytest.mark.parametrize("variant", ingredients.VARIANTS)
def test_sizes_are_those_of_the_networks(variant):
    network, _ = ingredients.build(variant, 0)
    assert RESULTS["sizes"][variant] == {
        "parameters": network.count_params(),
        "multiply_adds": ingredients.multiply_adds(network),
    }


def test_keeper_keeps_the_best_epoch(monkeypatch):
    class Network:
        weights = 0

        def get_weights(self):
            return self.weights

    network = Network()
    losses = iter([0.5, 0.2, 0.4])
    monkeypatch.setattr(ingredients, "split", lambda data, part: (None, None))
    monkeypatch.setattr(ingredients, "predict", lambda network, images: None)
    monkeypatch.setattr(ingredients, "log_loss", lambda truth, chances: next(losses))
    keeper = ingredients.Keeper(network)
    for step in range(1, 3 * ingredients.EPOCH + 1):
        network.weights = step
        keeper(step)
    assert (keeper.best, keeper.weights) == (0.2, 2 * ingredients.EPOCH)


def test_results_are_in_range():
    for run in RESULTS["runs"]:
        for part in ("validation", "test"):
            assert np.isfinite(run[part]["loss"])
            assert 0.5 < run[part]["auc"] <= 1
            assert 0.3 < run[part]["accuracy"] <= 1
