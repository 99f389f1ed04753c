"""The recipe with one ingredient off, or another one on, over several seeds.

Choices are made on the validation images. What the test images say of each variant is noted at its
end, to be looked at once and not to choose by.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from experiments.common import PLAIN_ADAM, grid, scaled
from helpers.models import multiply_adds, small_network, tutorial_network
from helpers.results import Runs
from helpers.training import Recipe, predict, train

DATA, STEPS = "pneumoniamnist", 1500
# Batches of 64 in an epoch of 4,708 images: how often early stopping looks.
EPOCH = 74
SEEDS = range(5)
RECIPE = Recipe(steps=STEPS)


@dataclass(frozen=True)
class Variant:
    """How a network is made and trained; `network` holds settings of the small one."""

    recipe: Recipe = RECIPE
    network: dict[str, Any] = field(default_factory=dict)
    of_tutorial: bool = False
    early_stopping: bool = False


# The tutorial network as its users train it, but for as many steps as the others.
AS_TUTORIAL = replace(PLAIN_ADAM, steps=STEPS, batch_size=128)
VARIANTS = {
    "the recipe": Variant(),
    "no batch normalization": Variant(network={"batch_norm": False}),
    "no residual links": Variant(network={"residual": False}),
    "no global average pooling": Variant(network={"global_pool": False}),
    "no dropout": Variant(network={"dropout": 0.0}),
    "no augmentation": Variant(replace(RECIPE, shift=0, turn=0, zoom=0)),
    "no schedule": Variant(replace(RECIPE, cosine=False)),
    "no weight decay": Variant(replace(RECIPE, weight_decay=0)),
    "with label smoothing": Variant(replace(RECIPE, label_smoothing=0.1)),
    "with class weights": Variant(replace(RECIPE, class_weights=True)),
    "with mirrored images": Variant(replace(RECIPE, flip="horizontal")),
    "with early stopping": Variant(early_stopping=True),
    "the tutorial network": Variant(AS_TUTORIAL, of_tutorial=True),
}


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, variant=VARIANTS)


def made(variant: str) -> Any:
    """Return the network of a variant."""
    settings = VARIANTS[variant]
    return tutorial_network() if settings.of_tutorial else small_network(**settings.network)


class Keeper:
    """Keep the weights of the epoch at whose end a loss is lowest.

    Examples
    --------
    >>> class Network:
    ...     def get_weights(self):
    ...         return self.step
    >>> network, losses = Network(), iter([0.5, 0.2, 0.4])
    >>> keeper = Keeper(network, lambda: next(losses))
    >>> for network.step in range(1, 3 * EPOCH + 1):
    ...     keeper(network.step)
    >>> keeper.weights == 2 * EPOCH
    True
    """

    def __init__(self, network: Any, loss: Callable[[], float]) -> None:
        self.network, self.loss, self.lowest, self.weights = network, loss, np.inf, None

    def __call__(self, step: int) -> None:
        if step % EPOCH == 0 or step == STEPS:
            loss = self.loss()
            if loss < self.lowest:
                self.lowest, self.weights = loss, self.network.get_weights()


def measures(network: Any, part: str) -> dict[str, float]:
    """Return what the images of a part say of a network."""
    images, truth = scaled(DATA, part)
    chances = predict(network, images)
    return {
        "loss": round(float(log_loss(truth, chances)), 4),
        "auc": round(float(roc_auc_score(truth, chances[:, 1])), 4),
        "accuracy": round(float(np.mean(chances.argmax(axis=1) == truth)), 4),
    }


def run(variant: str, seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    network, settings = made(variant), VARIANTS[variant]
    images, truth = scaled(DATA, "validation")
    keeper = Keeper(network, lambda: log_loss(truth, predict(network, images)))
    watch = keeper if settings.early_stopping else None
    train(network, *scaled(DATA, "train"), settings.recipe, seed, verbose=False, watch=watch)
    if settings.early_stopping:
        network.set_weights(keeper.weights)
    return {part: measures(network, part) for part in ("validation", "test")}


def shared() -> dict[str, Any]:
    networks = {variant: made(variant) for variant in VARIANTS}
    return {
        "sizes": {
            variant: {"parameters": network.count_params(), "multiply_adds": multiply_adds(network)}
            for variant, network in networks.items()
        }
    }


def check(runs: Runs) -> None:
    # Each variant changes one thing; augmentation is one.
    for name, variant in VARIANTS.items():
        recipe, whole = asdict(variant.recipe), asdict(RECIPE)
        changed = {
            "moved" if key in ("shift", "turn", "zoom") else key
            for key in recipe
            if recipe[key] != whole[key]
        }
        changes = len(changed) + len(variant.network) + variant.early_stopping
        assert changes == (name != "the recipe") or variant.of_tutorial, name
    for part in ("validation", "test"):
        assert runs.array(part, "auc").min() > 0.5
