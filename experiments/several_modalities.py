"""CT, T1 and T2, joined early, in the middle or late.

All images are simulated, so each seed has patients of its own, to train on and to test on; each
trained network meets its test patients once, at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import claims
from experiments.common import grid
from helpers import phantoms
from helpers.phantoms import Lesion, Scanner
from helpers.results import Runs
from helpers.training import Recipe, predict, train

if TYPE_CHECKING:
    import keras


@dataclass
class Network:
    """Which channels enter a branch together, its first filters, what happens to its training.

    In training a modality is left out with the chance `drop`, and CT moved by up to `jitter`
    pixels. A `control` is judged on the test patients as they are only.
    """

    groups: Sequence[Sequence[int]]
    filters: int
    drop: float = 0.0
    jitter: int = 0
    control: bool = False


MODALITIES = ("CT", "T1", "T2")
TOGETHER, APART = ((0, 1, 2),), ((0,), (1,), (2,))
NETWORKS = {
    "CT": Network(((0,),), 6),
    "T1": Network(((1,),), 6),
    "T2": Network(((2,),), 6),
    "early": Network(TOGETHER, 12),
    "intermediate": Network(APART, 6),
    "CT large": Network(((0,),), 12, control=True),
    "T1 large": Network(((1,),), 12, control=True),
    "T2 large": Network(((2,),), 12, control=True),
    "early small": Network(TOGETHER, 6, control=True),
    "early dropout": Network(TOGETHER, 12, drop=0.3),
    "intermediate dropout": Network(APART, 6, drop=0.3),
    "early moved": Network(TOGETHER, 12, jitter=3),
    "intermediate moved": Network(APART, 6, jitter=3),
}
# Lesions to tell apart (numbers in `phantoms.LESIONS`), and the dose.
TASKS = {
    # Each modality shows edema: they repeat each other.
    "repeat": {"lesions": (0, 2), "dose": 0.1},
    "noisy": {"lesions": (0, 2), "dose": 0.01},
    # The same test patients as in "repeat", with the CT of a day when all was different.
    "conflict": {"lesions": (0, 2), "dose": 0.1},
    # No modality tells all four apart.
    "complete": {"lesions": (0, 1, 2, 3), "dose": 0.05},
    # CT is of another day. Did anything change?
    "compare": {"lesions": (0, 2), "dose": 0.25},
}
FEW = (*MODALITIES, "early", "intermediate")
MODELS = {"repeat": FEW, "noisy": FEW, "compare": FEW, "complete": tuple(NETWORKS)}
SEEDS = range(6)
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = range(10, 11)
# The learning rate, and those that were tried on patients who take part in nothing else.
RATE = 5e-3
RATES, TRIAL_SEED = (2e-3, 5e-3, 1e-2), 100
TRIED = {"complete": ("early", "intermediate"), "compare": ("early", "intermediate")}
# Test patients are others than those of any training seed.
TRAIN, TEST, TEST_SEED = 3000, 1200, 1000
RECIPE = Recipe(steps=900, weight_decay=1e-3, shift=0, turn=0, zoom=0)
# A doctor points at this spot; networks see 14 x 14 pixels around it.
SPOT = (0.357, -0.071)
TOP, LEFT, SIDE = 6, 12, 14
# CT is moved against MR by so many pixels.
SHIFTS = (1, 2, 3)
# What takes the place of a modality that is not there: gray, as images are scaled to 0 to 1.
ABSENT = 0.5


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(trial=[True], task=TRIED, rate=RATES, seed=[TRIAL_SEED])
    yield from grid(trial=[False], task=MODELS, rate=[RATE], seed=[*SEEDS, *SECOND_SEEDS])


# ---- Patients ------------------------------------------------------------------------------


def paired(in_ct: np.ndarray, in_mr: np.ndarray, dose: float, seed: int) -> np.ndarray:
    """Return slices (N, 28, 28, 3) from 0 to 1: one lesion in CT, one in T1 and T2, same heads.

    Examples
    --------
    >>> none, edema = np.zeros(9, int), np.full(9, 2)
    >>> well, ill = paired(none, none, 1, seed=3), paired(edema, edema, 1, seed=3)
    >>> mixed = paired(edema, none, 1, seed=3)
    >>> np.array_equal(mixed[..., 0], ill[..., 0]), np.array_equal(mixed[..., 1:], well[..., 1:])
    (True, True)
    >>> bool((ill[..., 0] != well[..., 0]).any())
    True
    """
    lesion, scanner = Lesion(position=SPOT), Scanner(dose=dose)
    images = phantoms.slices(in_mr, seed, lesion=lesion, scanner=scanner).images
    ct = phantoms.slices(in_ct, seed, lesion=lesion, scanner=scanner).images
    images[..., 0] = ct[..., 0]
    return images.astype("float32") / 255


def patients(task: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return slices (N, 28, 28, 3) with channels CT, T1, T2, and classes (N,).

    Examples
    --------
    >>> [np.bincount(patients(task, 40, seed=0)[1]).tolist() for task in ("noisy", "complete")]
    [[20, 20], [10, 10, 10, 10]]

    In a conflict only CT is another one:

    >>> (agreed, one), (opposed, two) = (patients(t, 20, seed=5) for t in ("repeat", "conflict"))
    >>> np.array_equal(one, two), np.array_equal(agreed[..., 1:], opposed[..., 1:])
    (True, True)
    >>> bool((agreed[..., 0] != opposed[..., 0]).any(axis=(1, 2)).all())
    True
    """
    kinds, dose = np.array(TASKS[task]["lesions"]), TASKS[task]["dose"]
    random = np.random.default_rng(seed)
    even = np.arange(count) % len(kinds)
    now, before = random.permutation(even), random.permutation(even)
    if task == "compare":
        return paired(kinds[before], kinds[now], dose, seed), (now != before).astype(int)
    if task == "conflict":
        return paired(kinds[1 - now], kinds[now], dose, seed), now
    return paired(kinds[now], kinds[now], dose, seed), now


def patches(images: np.ndarray, down: int = 0, right: int = 0) -> np.ndarray:
    """Cut the spot (N, 14, 14, 3) out of slices, with CT moved.

    Examples
    --------
    The spot holds the whole lesion, and CT alone moves.

    >>> masks = phantoms.slices(np.full(9, 2), lesion=Lesion(position=SPOT)).masks
    >>> masks = np.repeat(masks[..., None], 3, axis=-1).astype(float)
    >>> still, moved = patches(masks), patches(masks, down=2)
    >>> still.shape, bool(still.sum() == masks.sum())
    ((9, 14, 14, 3), True)
    >>> np.array_equal(moved[..., 1:], still[..., 1:])
    True
    >>> np.array_equal(moved[:, 2:, :, 0], still[:, :-2, :, 0])
    True
    """
    # Beside the head there is air; what comes in at the edge is more of it.
    wide = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
    cut = []
    for channel in range(len(MODALITIES)):
        moved = channel == MODALITIES.index("CT")
        top, left = TOP + 4 - down * moved, LEFT + 4 - right * moved
        cut.append(wide[:, top : top + SIDE, left : left + SIDE, channel])
    return np.stack(cut, axis=-1)


def jittered(images: np.ndarray, jitter: int, random: np.random.Generator) -> np.ndarray:
    """Return patches, the CT of each moved against its MR at random, by so many pixels at most.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((60, 28, 28, 3))
    >>> made, still = jittered(images, 3, np.random.default_rng(0)), patches(images)
    >>> np.array_equal(made[..., 1:], still[..., 1:])
    True

    One of 49 stays where it is.

    >>> bool((made[..., 0] != still[..., 0]).any(axis=(1, 2)).mean() > 0.9)
    True
    """
    steps = random.integers(-jitter, jitter + 1, (len(images), 2))
    made = patches(images)
    for step in np.unique(steps, axis=0):
        chosen = (steps == step).all(axis=1)
        made[chosen] = patches(images[chosen], *step)
    return made


def without(images: np.ndarray, channel: int) -> np.ndarray:
    """Return images (N, H, W, 3) in which a channel is absent.

    Examples
    --------
    >>> without(np.zeros((1, 1, 1, 3)), 1)
    array([[[[0. , 0.5, 0. ]]]])
    """
    images = images.copy()
    images[..., channel] = ABSENT
    return images


def dropped(images: np.ndarray, chance: float, random: np.random.Generator) -> np.ndarray:
    """Return images of which some have a channel less, or two; each keeps one at least.

    Examples
    --------
    >>> some = dropped(np.zeros((5000, 2, 2, 3), "float32"), 0.3, np.random.default_rng(0))
    >>> absent = (some == ABSENT).all(axis=(1, 2))
    >>> bool(absent.all(axis=1).any()), some.dtype, round(float(absent.mean()), 1)
    (False, dtype('float32'), 0.3)
    """
    absent = random.random((len(images), 3)) < chance
    absent[absent.all(axis=1)] = False
    return np.where(absent[:, None, None], np.float32(ABSENT), images)


def conditions(task: str, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return sets of patches (S, N, 14, 14, 3) of the test patients, by condition; classes (N,)."""
    images, classes = patients(task, TEST, TEST_SEED + seed)
    sets = {"as it is": [patches(images)]}
    if task == "complete":
        for channel, name in enumerate(MODALITIES):
            sets[f"no {name}"] = [without(patches(images), channel)]
        for pixels in SHIFTS:
            ways = (pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)
            sets[f"moved {pixels}"] = [patches(images, *way) for way in ways]
    if task == "repeat":
        # The same patients, with the CT of another day.
        sets["conflict"] = [patches(patients("conflict", TEST, TEST_SEED + seed)[0])]
    return {condition: np.stack(several) for condition, several in sets.items()}, classes


# ---- Networks ------------------------------------------------------------------------------


def branch(x: Any, filters: int) -> Any:
    """Return what two convolutions find in x."""
    from keras import layers

    x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(2 * filters, 3, activation="relu")(x)
    return layers.Flatten()(layers.MaxPooling2D(2)(x))


def network(groups: Sequence[Sequence[int]], filters: int, classes: int) -> keras.Model:
    """Return a network of patches (N, 14, 14, 3) with a branch for each group of channels.

    Examples
    --------
    >>> made = [network(net.groups, net.filters, 4) for net in map(NETWORKS.get, FEW)]
    >>> [model.count_params() for model in made]
    [1572, 1572, 1572, 4572, 4548]

    The network of CT does not see T1 and T2.

    >>> images = np.random.default_rng(0).random((4, 14, 14, 3), "float32")
    >>> [bool(np.allclose(made[0](images), made[0](without(images, c)))) for c in range(3)]
    [False, True, True]
    """
    import keras
    from keras import layers

    images = keras.Input((SIDE, SIDE, 3))
    parts = [images[..., group[0] : group[-1] + 1] for group in groups]
    features = [branch(part, filters) for part in parts]
    x = layers.Concatenate()(features) if len(features) > 1 else features[0]
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))


def fit(net: Network, task: str, rate: float, seed: int) -> keras.Model:
    """Return a network trained on the patients of a seed."""
    import keras

    images, classes = patients(task, TRAIN, seed)
    random = np.random.default_rng(seed)
    X = jittered(images, net.jitter, random) if net.jitter else patches(images)
    if net.drop:
        X = dropped(X, net.drop, random)
    keras.utils.set_random_seed(seed)
    model = network(net.groups, net.filters, int(classes.max()) + 1)
    train(model, X, classes, replace(RECIPE, learning_rate=rate), seed, verbose=False)
    return model


def answers(model: keras.Model, tests: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a network's probabilities (S, N, K) for sets of patches, by condition."""
    together = np.concatenate([*tests.values()])
    flat = predict(model, together.reshape(-1, SIDE, SIDE, 3))
    ends = np.cumsum([len(sets) for sets in tests.values()])[:-1]
    parts = np.split(flat.reshape(*together.shape[:2], -1), ends)
    return dict(zip(tests, parts, strict=True))


def late(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Join probabilities (..., K) of several networks: their product, summing to 1.

    Bayes' rule, if each modality is evidence of its own and all classes are as frequent.

    Examples
    --------
    >>> both = late([np.array([0.8, 0.2]), np.array([0.6, 0.4])])
    >>> np.allclose(both, np.array([0.8 * 0.6, 0.2 * 0.4]) / (0.8 * 0.6 + 0.2 * 0.4))
    True
    """
    product = np.prod(parts, axis=0)
    return product / product.sum(axis=-1, keepdims=True)


def counts(classes: np.ndarray, probabilities: np.ndarray) -> list[list[int]]:
    """Return how many images of each class (N,) were given each answer, over sets (S, N, K).

    Examples
    --------
    >>> counts(np.array([0, 1, 1]), np.array([[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]]))
    [[1, 0], [1, 1]]
    """
    kinds = probabilities.shape[-1]
    table = np.zeros((kinds, kinds), int)
    np.add.at(
        table, (np.broadcast_to(classes, probabilities.shape[:2]), probabilities.argmax(-1)), 1
    )
    return table.tolist()


def record(model: str, classes: np.ndarray, given: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return, of the probabilities given in each condition, tables and how sure they are."""
    sure = {name: round(float(p.max(axis=-1).mean()), 4) for name, p in given.items()}
    return {
        "model": model,
        "counts": {name: counts(classes, p) for name, p in given.items()},
        "sure": sure,
    }


def run(trial: bool, task: str, rate: float, seed: int) -> list[dict[str, Any]]:
    tests, classes = conditions(task, seed)
    records, given = [], {}
    for name in TRIED[task] if trial else MODELS[task]:
        net = NETWORKS[name]
        model = fit(net, task, rate, seed)
        met = {"as it is": tests["as it is"]} if net.control else tests
        given[name] = answers(model, met)
        records.append(record(name, classes, given[name]))
        records[-1]["parameters"] = model.count_params()
    if not trial:
        joined = {}
        for condition in tests:
            there = [name for name in MODALITIES if condition != f"no {name}"]
            joined[condition] = late([given[name][condition] for name in there])
        records.append(record("late", classes, joined))
        sizes = {each["model"]: each["parameters"] for each in records[:-1]}
        records[-1]["parameters"] = sum(sizes[name] for name in MODALITIES)
    return records


# ---- What must hold ------------------------------------------------------------------------


def accuracy(runs: Runs, condition: str = "as it is") -> np.ndarray:
    """Return the share of right answers of each run (R,)."""
    tables = [run["counts"][condition] for run in runs]
    return np.array([np.trace(table) / np.sum(table) for table in tables])


def _claims() -> Iterator[tuple[str, str, str, str]]:
    """Yield task, better model, worse model and condition of what holds in both runs."""
    for worse, better in (("T2", "late"), ("T2", "early small"), ("T2 large", "early")):
        yield "complete", better, worse, "as it is"
    for model in ("late", "intermediate", "early"):
        yield "noisy", model, "T2", "as it is"
    for model in ("early", "intermediate"):
        yield "complete", model, f"{model} dropout", "as it is"
        yield "complete", f"{model} dropout", model, "no T2"
        for name in MODALITIES:
            yield "complete", "late", f"{model} dropout", f"no {name}"
    yield "complete", "intermediate dropout", "intermediate", "no CT"
    yield "complete", "early moved", "early", "moved 3"
    yield "complete", "late", "early", "moved 3"


def check(runs: Runs) -> None:
    trials, both = runs.where(trial=True), [runs.where(seed=s) for s in (SEEDS, SECOND_SEEDS)]
    right = {rate: accuracy(trials.where(rate=rate)).mean() for rate in RATES}
    assert max(right, key=right.__getitem__) == RATE
    _check_sizes(runs.where(trial=False, task="complete", seed=0))
    for task, better, worse, condition in _claims():
        first, second = (
            accuracy(part.where(task=task, model=better), condition)
            - accuracy(part.where(task=task, model=worse), condition)
            for part in both
        )
        low, high = claims.one_more(first)
        assert first.mean() > 0 and np.all(second > 0), (task, better, worse, condition)
        assert low < second.mean() < high, (task, better, worse, condition)
    for part in both:
        early, apart = (part.where(task="complete", model=m) for m in ("early", "late"))
        difference = accuracy(early) - accuracy(apart)
        assert np.abs(difference).max() < 0.03 and abs(difference.mean()) < 0.01
        # Late fusion never learns to compare.
        assert accuracy(part.where(task="compare", model="early")).max() > 0.85
        assert np.abs(accuracy(part.where(task="compare", model="late")) - 0.5).max() < 0.04
        # Contradictions leave networks sure.
        for model in ("late", "intermediate", "early"):
            group = part.where(task="repeat", model=model)
            assert accuracy(group, "conflict").mean() > 0.95
            less = group.array("sure", "as it is") - group.array("sure", "conflict")
            assert np.all(less > 0) and np.all(less < 0.06)


def _check_sizes(runs: Runs) -> None:
    sizes = {each["model"]: each["parameters"] for each in runs}
    for name, net in NETWORKS.items():
        assert sizes[name] == network(net.groups, net.filters, 4).count_params()
    assert sizes["late"] == 3 * sizes["T2"]
    # What is compared is of a size.
    large = [sizes[name] for name in ("early", "intermediate", "late", "T2 large")]
    assert max(large) < 1.1 * min(large)
    assert sizes["early small"] < 1.1 * sizes["T2"]
