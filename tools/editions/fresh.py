"""Inputs for hidden tests: of the same kind as those that an exercise's checker shows, and others.

One function for each exercise draws the arguments of its function. All are plain: numbers, texts,
lists, arrays. A new exercise needs a line here; a test says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Random = np.random.Generator
Draw = Callable[[Random], tuple[Any, ...]]


def _int(random: Random, least: int, most: int) -> int:
    return int(random.integers(least, most + 1))


def _float(random: Random, low: float, high: float) -> float:
    return round(float(random.uniform(low, high)), 4)


def _sides(random: Random, least: int = 2, most: int = 6) -> tuple[int, int]:
    """Draw a number of rows and another number of columns."""
    rows = _int(random, least, most)
    return rows, _int(random, least, most - 1) + 1 if rows == least else _int(
        random, least, rows - 1
    )


def _normal(random: Random, *shape: int, scale: float = 1) -> Any:
    return (scale * random.normal(size=shape)).round(3)


def _share(random: Random, *shape: int) -> Any:
    """Draw numbers from 0 to 1, two alike now and then."""
    return random.random(shape).round(2)


def _shuffled(random: Random, count: int) -> Any:
    """Draw different numbers from 0 to 1."""
    return random.permutation(np.arange(1, count + 1) / (count + 1)).round(4)


def _chances(random: Random, *shape: int) -> Any:
    return random.dirichlet([1.0] * shape[-1], shape[:-1])


def _labels(random: Random, count: int, classes: int = 2) -> Any:
    """Draw labels, each class at least once."""
    return random.permutation([*range(classes), *random.integers(0, classes, count - classes)])


def _mask(random: Random, *shape: int) -> Any:
    """Draw a mask that is neither empty nor full."""
    return _labels(random, int(np.prod(shape))).reshape(shape) == 1


def _lesion_in_noise(random: Random) -> tuple[Any, Any]:
    shape = _sides(random)
    return _normal(random, *shape), random.uniform(0.5, 2, shape).round(2)


def _ill_and_healthy(random: Random) -> tuple[Any, Any]:
    count = _int(random, 9, 14)
    return _labels(random, count), (random.integers(1, 10, count) / 10)


def _threshold_between(random: Random) -> float:
    return _float(random, 0.25, 0.75)


def _scores_and_threshold(random: Random) -> tuple[Any, ...]:
    """Draw labels, scores, and a threshold that is one of the scores as often as not."""
    labels, scores = _ill_and_healthy(random)
    middle = float(np.sort(scores)[len(scores) // 2])
    return labels, scores, middle if random.random() < 0.5 else _threshold_between(random)


def _layer(random: Random) -> tuple[Any, ...]:
    images, inputs, outputs = random.permutation([2, 3, 4]).tolist()
    return (
        _normal(random, images, outputs),
        _normal(random, images, inputs),
        _normal(random, inputs, outputs),
    )


def _two_layers(random: Random) -> tuple[Any, ...]:
    first, hidden, last = random.permutation([2, 3, 4]).tolist()
    return (
        _normal(random, hidden, first),
        _normal(random, hidden),
        _normal(random, last, hidden),
        _normal(random, last),
    )


def _strided(random: Random) -> tuple[Any, ...]:
    (rows, columns), (M, N) = _sides(random, 2, 4), _sides(random, 2, 3)
    stride, extra = _int(random, 1, 3), _int(random, 0, 1)
    shape = ((rows - 1) * stride + M + extra, (columns - 1) * stride + N)
    return _normal(random, rows, columns), _normal(random, M, N), stride, shape


def _losses(random: Random) -> tuple[Any, ...]:
    falling = np.linspace(0.9, 0.3, _int(random, 7, 14))
    noisy = (falling + random.normal(0, 0.15, len(falling))).clip(0.01).round(2)
    return noisy.tolist(), _int(random, 1, 4)


def _convolution(random: Random) -> tuple[Any, Any, tuple[int, int]]:
    (H, W), (M, N) = _sides(random, 4, 7), _sides(random, 1, 3)
    return _normal(random, H, W), _normal(random, M, N), (H - M + 1, W - N + 1)


def _step(random: Random) -> tuple[Any, ...]:
    X, K, out = _convolution(random)
    return X, K, _normal(random, *out), _float(random, 0.05, 0.6)


def _adam(random: Random) -> tuple[Any, ...]:
    """Draw a step, among its gradients some so small that epsilon counts."""
    size = np.array([1, 1, 1e-7])
    w, g, m = random.normal(size=(3, 3)).round(3)
    return w, g * size, m * size, random.random(3).round(3) * size**2, _int(random, 1, 60)


def _repeated_images(random: Random) -> tuple[Any, ...]:
    pixels = random.integers(0, 9, 4)
    images = np.array([random.permutation(pixels) for _ in range(_int(random, 2, 6))])
    return (images[random.integers(0, len(images), _int(random, 5, 12))].reshape(-1, 2, 2),)


def _patients(random: Random) -> tuple[Any, ...]:
    count = _int(random, 7, 14)
    return random.integers(1, _int(random, 4, 12), count), _mask(random, count)


def _scores_by_row(random: Random) -> tuple[Any, ...]:
    images, classes = _int(random, 2, 5), _int(random, 2, 4)
    z = _normal(random, images, classes, scale=float(random.choice([2, 700])))
    return z, random.integers(0, classes, images)


def _card(random: Random) -> tuple[Any, ...]:
    fields = random.permutation(["purpose", "data", "limits", "ethics", "result"]).tolist()
    texts = random.choice(["Adults only.", "", "  ", "Teaching.", "\n"], 5).tolist()
    given = dict(zip(fields, texts, strict=True))
    return {name: given[name] for name in sorted(given)[: _int(random, 1, 5)]}, fields


def _row(random: Random) -> tuple[Any, ...]:
    low, value, high = sorted((random.random(3) ** 3).round(5).tolist())
    return str(random.choice(["AUC", "sensitivity", "F1", "kappa"])), value, low, high


def _buffered(random: Random) -> tuple[Any, ...]:
    count = _int(random, 5, 9)
    items = random.permutation(count).tolist()
    return items, _int(random, 2, 4), (0.99 * random.random(count)).round(2).tolist()


def _pooled(random: Random) -> tuple[Any, ...]:
    rows, columns = _sides(random, 1, 4)
    x = random.permutation(4 * rows * columns).reshape(2 * rows, 2 * columns)
    return (x // _int(random, 1, 3)).astype(float), _normal(random, rows, columns)


def _penalties(random: Random) -> tuple[Any, ...]:
    order = random.permutation(4)
    aucs = random.choice([0.5, 0.75, 1], (4, 2))
    return aucs[order], np.array([0.001, 0.01, 0.1, 1.0])[order]


def _curve(random: Random) -> tuple[Any, ...]:
    sizes = random.permutation([10, 20, 40, 80, 160])
    # They rise with the number of images; single draws are lucky.
    aucs = np.sort(random.integers(17, 28, 5))[:, None] / 32
    aucs = aucs + random.permuted([[-3, 0, 3]] * 5, axis=1) / 32
    target = float(aucs.mean(axis=1)[_int(random, 1, 4)])
    target += random.choice([0, -0.01, 0.5])
    return sizes, aucs[np.argsort(np.argsort(sizes))], float(target)


def _kept(random: Random) -> tuple[Any, ...]:
    draws = random.random((_int(random, 4, 6), _int(random, 2, 3))).round(2)
    return draws, float(np.sort(draws.ravel())[draws.size // 2])


def _confident(random: Random) -> tuple[Any, ...]:
    """Draw chances, and a limit that one of them just reaches."""
    chances = _chances(random, 9, 3)
    return chances, float(np.sort(chances.max(axis=1))[_int(random, 2, 6)])


def _seeds(random: Random, networks: int, same: bool = True) -> tuple[Any, ...]:
    """Draw results of some seeds for each network."""
    count = _int(random, 3, 6)
    counts = [count if same else count + place for place in range(networks)]
    return tuple(random.uniform(0.7, 0.99, count).round(3) for count in counts)


def _body(random: Random) -> tuple[Any, ...]:
    materials = _int(random, 2, 4)
    lengths, attenuation = random.uniform(0.1, 4, (2, materials)).round(2)
    return float(_int(random, 10, 2000)), lengths.tolist(), (attenuation / 5).round(3).tolist()


def _ellipsoid(random: Random) -> tuple[Any, ...]:
    a, b, c = (_float(random, 3, 6) for _ in range(3))
    x, y = (_float(random, -0.8, 0.8) * side for side in (a, b))
    return round(x, 3), round(y, 3), a, b, c, _float(random, 0.2, 1.2)


def _spot(random: Random) -> tuple[Any, ...]:
    mask = _mask(random, 4, 5)
    return (random.normal(2, 0.4, (4, 5)) + random.choice([-3, 3]) * mask).round(3), mask


def _unlike(random: Random) -> tuple[Any, ...]:
    rows, columns = _sides(random, 3, 6)
    return ((_shuffled(random, rows * columns) * 2 - 1).round(4).reshape(rows, columns),)


def _layer_size(random: Random) -> tuple[Any, ...]:
    return tuple(_int(random, *span) for span in ((15, 60), (1, 5), (1, 3), (0, 3), (1, 3)))


def _stacked(random: Random) -> tuple[Any, ...]:
    layers = _int(random, 2, 5)
    return random.integers(2, 8, layers).tolist(), random.integers(1, 4, layers).tolist()


def _worth(random: Random) -> tuple[Any, ...]:
    sizes = np.array([5, 10, 20, 40, 80, 160])[: _int(random, 4, 6)]
    aucs = (0.6 + 0.04 * np.log2(sizes / 5) + random.normal(0, 0.008, len(sizes))).round(3)
    return sizes, aucs, float(random.choice([-0.02, 0.01, 0.015, 0.04])), _int(random, 10, 90)


def _batch_norm(random: Random) -> tuple[Any, ...]:
    X = _normal(random, 2, 2, 3, 2, scale=3)
    mean, gamma, beta = _normal(random, 3, 2)
    return X, mean, random.uniform(0.01, 4, 2).round(3), gamma, beta


def _warm(random: Random) -> tuple[Any, ...]:
    steps, warm_up = _int(random, 40, 120), _int(random, 5, 30)
    return _int(random, 0, steps), steps, _float(random, 0.01, 1), warm_up


def _smoothed(random: Random) -> tuple[Any, ...]:
    classes = _int(random, 2, 5)
    return _chances(random, classes), _int(random, 0, classes - 1), _float(random, 0, 0.4)


def _covered(random: Random) -> tuple[Any, ...]:
    return _shuffled(random, 20), _mask(random, 20), _int(random, 2, 19) / 20


def _prevalences(random: Random) -> tuple[Any, ...]:
    return (
        _shuffled(random, _int(random, 2, 5)),
        _float(random, 0.2, 0.8),
        _float(random, 0.02, 0.6),
    )


def _map(random: Random) -> tuple[Any, ...]:
    rows, columns = _sides(random, 3, 5)
    values = (_shuffled(random, rows * columns) * 2 - 1).reshape(rows, columns)
    return values, _mask(random, rows, columns)


def _file(random: Random) -> tuple[str]:
    part, person = random.choice(["train", "test"]), _int(random, 1, 1900)
    if random.random() < 0.5:
        germ = random.choice(["virus", "bacteria"])
        return (f"{part}/PNEUMONIA/person{person}_{germ}_{_int(random, 1, 999)}.jpeg",)
    begin = random.choice(["IM", "NORMAL2-IM"])
    return (f"{part}/NORMAL/{begin}-{person:04}-{_int(random, 1, 9):04}.jpeg",)


def _missed(random: Random) -> tuple[Any, ...]:
    count = _int(random, 12, 20)
    labels = _labels(random, count)
    labels[:6] = 1
    order = random.permutation(count)
    return labels[order], _shuffled(random, count), _int(random, 1, 4)


def _children(random: Random) -> tuple[Any, ...]:
    count = _int(random, 6, 12)
    return _share(random, count), random.integers(10, 15, count)


def _owned(random: Random) -> tuple[Any, ...]:
    files = [f"{number:02d}.dcm" for number in range(8)]
    names = random.permutation(["P1", "P1", "P10", "P10", "P2", "P2", "P23", "P23"]).tolist()
    owners = dict(zip(files, names, strict=True))
    pairs = [tuple(random.choice(files, 2, False).tolist()) for _ in range(6)]
    one = next(file for file in files[1:] if owners[file] == owners[files[0]])
    return [*pairs, (files[0], one)], owners


def _sets(random: Random) -> tuple[Any, ...]:
    """Draw labels, and for each case which classes are in its set."""
    classes = _int(random, 2, 3)
    labels = _labels(random, 14, classes)
    return labels, random.random((14, classes)) < random.uniform(0.3, 0.9, classes)


def _two_samples(random: Random) -> tuple[Any, ...]:
    one, other = (random.integers(0, 12, _int(random, 4, 9)) / 4 for _ in range(2))
    return one, other + float(random.choice([0.5, -0.5]))


def _graph(random: Random) -> tuple[Any, ...]:
    """Draw a graph whose nodes come after their parents; each parent counts, some twice."""
    graph: list[list[tuple[int, float]]] = [[]]
    for node in range(1, _int(random, 4, 7)):
        parents = random.integers(0, node, _int(random, 1, 3)).tolist()
        parents[0] = node - 1
        graph.append([(parent, _float(random, -3, 3)) for parent in parents])
    return (graph,)


def _rates(random: Random) -> tuple[Any, ...]:
    """Draw a rate, and curvatures that are slow, exact, too large for it."""
    rate = float(random.choice([0.25, 0.5, 1, 2]))
    factors = random.permutation([0, 0.5, -0.5, 1, -1, -1.5, 1.5, 0.25])[: _int(random, 4, 8)]
    return rate, ((1 - factors) / rate).tolist()


def _epoch(random: Random) -> tuple[Any, ...]:
    images, weights, size = _int(random, 5, 8), _int(random, 2, 3), _int(random, 2, 4)
    X = _normal(random, images, weights)
    return _normal(random, weights), X, _normal(random, images), _float(random, 0.05, 0.4), size


def _adamw(random: Random) -> tuple[Any, ...]:
    w, g, m = _normal(random, 3, 4)
    return w, g, m, random.random(4) + 0.1, _int(random, 1, 30), *random.uniform(0.02, 0.9, 2)


def _hospitals(random: Random) -> tuple[Any, ...]:
    """Draw the arrays of a network for each hospital, and how many images each has."""
    shapes, count = ((3, 2), (2,), (2, 4)), _int(random, 2, 4)
    weights = [[_normal(random, *shape) for shape in shapes] for _ in range(count)]
    return weights, 10 * random.permutation(np.arange(1, count + 1))


def _sums(random: Random) -> tuple[Any, ...]:
    """Draw how many images hospitals have, and the sums of features and of their squares."""
    counts = random.permutation([3, 8, 20])
    X = [_normal(random, n, 2) + place for place, n in enumerate(counts)]
    return counts, np.array([x.sum(axis=0) for x in X]), np.array([(x**2).sum(axis=0) for x in X])


def _layer_gradient(random: Random) -> tuple[Any, ...]:
    pixels, units = _sides(random, 2, 6)
    return _normal(random, pixels, units), _normal(random, units)


def _nesterov(random: Random) -> tuple[Any, ...]:
    A, (w, u) = _normal(random, 3, 3), _normal(random, 2, 3)
    return A @ A.T, w, u, _float(random, 0.02, 0.2), _float(random, 0.3, 0.95)


def _doubted(random: Random) -> tuple[Any, ...]:
    """Draw how certain labels are, which are wrong, and a share of these that can be reached."""
    return random.random(40), random.permutation(40) < 8, _int(random, 3, 8) / 8


def _leveled(random: Random) -> tuple[Any, ...]:
    images, inputs, outputs = random.permutation([3, 4, 5]).tolist()
    return _normal(random, inputs, outputs, scale=2), _normal(random, images, inputs)


def _parts(random: Random) -> tuple[Any, ...]:
    """Draw the gradients of parts of a batch, and the sizes of the parts."""
    parts, numbers = _sides(random)
    return _normal(random, parts, numbers), random.integers(1, 130, parts)


def _draw_of_worker(random: Random) -> tuple[Any, ...]:
    workers = _int(random, 2, 4)
    number, images = _int(random, 1, workers - 1), _int(random, 30, 60)
    return _int(random, 0, 99), number, workers, images, _int(random, 8, 20)


def _vectors_of_workers(random: Random) -> tuple[Any, ...]:
    workers = _int(random, 3, 5)
    vectors = [_normal(random, workers + 2) for _ in range(workers)]
    return vectors, _int(random, 0, workers - 1)


def _arrived(random: Random) -> tuple[list[str], dict[str, float | None]]:
    """Draw names of files, and a table of most of them and of others."""
    names = [f"{chr(97 + number)}.png" for number in range(_int(random, 8, 12))]
    listed = [name for name in names if random.random() < 0.75]
    table: dict[str, float | None] = {name: _float(random, 0, 1) for name in listed}
    table |= {str(name): None for name in random.choice(listed, 2, replace=False)}
    return names, table | {"last-week.png": 0.5, "older.png": None, listed[0]: 0.0}


FRESH: Mapping[str, Draw] = {
    "a_smaller_model.separable_share": lambda r: (_int(r, 2, 7), _int(r, 2, 64), _int(r, 2, 64)),
    "a_smaller_model.quantize": lambda r: (
        _normal(r, 8, scale=2),
        *(float(r.choice([0.01, 0.02, 0.05])), _int(r, -40, 40)),
    ),
    "a_smaller_model.on_front": lambda r: (
        r.integers(1, 6, 7).astype(float),
        r.integers(70, 76, 7) / 100,
    ),
    "a_tutorial_program.one_hot": lambda r: (_labels(r, 7, 3), _int(r, 3, 6)),
    "a_tutorial_program.baseline": lambda r: (
        np.append(_labels(r, 6, 3), [_int(r, 0, 2)] * 5),
        _labels(r, 9, 3),
    ),
    "a_tutorial_program.honest": lambda r: (_share(r, 6), _share(r, 6)),
    "activations.tanh_slope": lambda r: (_normal(r, *_sides(r), scale=1.5),),
    "activations.leaky_relu_backward": lambda r: (
        _normal(r, 7),
        r.integers(-2, 3, 7).astype(float),
        _float(r, 0.01, 0.5),
    ),
    "activations.merge": _two_layers,
    "activations.dead_units": lambda r: (np.maximum(_normal(r, _int(r, 2, 4), 6) - 0.6, 0),),
    "after_delivery.fewest": lambda r: (1 / (_int(r, 2, 60) + float(r.choice([0.5, 0.25]))),),
    "after_delivery.coverage": _sets,
    "after_delivery.distance": _two_samples,
    "after_delivery.any_false_alarm": lambda r: (_float(r, 0.01, 0.2), _int(r, 2, 60)),
    "automatic_differentiation.squared_again": lambda r: (_float(r, -1.5, 1.5), _int(r, 1, 4)),
    "automatic_differentiation.multiplications": lambda r: (
        r.integers(1, 300, _int(r, 3, 6)).tolist(),
    ),
    "automatic_differentiation.division_rules": lambda r: (
        *_normal(r, 2, 4, 3),
        (1 + r.random(3).round(3)) * r.choice([-1, 1], 3),
    ),
    "automatic_differentiation.gradients": _graph,
    "backpropagation.small_gradients": lambda r: tuple(_normal(r, 4, scale=2).tolist()),
    "backpropagation.central_difference": lambda r: (
        [np.sin, np.exp, np.square, np.tanh][_int(r, 0, 3)],
        *(_float(r, -2, 2), _float(r, 0.3, 2)),
    ),
    "backpropagation.dense_gradients": _layer,
    "backpropagation.input_gradient": _strided,
    "chest_xrays.kept_epoch": _losses,
    "chest_xrays.rates": _scores_and_threshold,
    "chest_xrays.predictive_value": lambda r: tuple(r.uniform(0.05, 0.95, 3).round(3).tolist()),
    "choosing_hyperparameters.main_effect": lambda r: (_share(r, _int(r, 2, 4), 2, 3),),
    "choosing_hyperparameters.log_uniform": lambda r: (
        *(10.0 ** -_int(r, 3, 6), 10.0 ** -_int(r, 0, 2), _float(r, 0.05, 0.95)),
    ),
    "choosing_hyperparameters.repeat": lambda r: (
        _shuffled(r, 12).reshape(*[(3, 4), (4, 3), (6, 2)][_int(r, 0, 2)]),
    ),
    "choosing_hyperparameters.rounds": lambda r: (_int(r, 9, 90), _int(r, 1, 3), _int(r, 2, 4)),
    "cnn_from_nothing.parameters": lambda r: (_int(r, 14, 90), _int(r, 2, 12)),
    "cnn_from_nothing.glorot_limit": lambda r: (
        tuple(r.integers(2, 40, 2 * _int(r, 1, 2)).tolist()),
    ),
    "cnn_from_nothing.adam_step": _adam,
    "cnn_from_nothing.auc": lambda r: _ill_and_healthy(r)[::-1],
    "cnn_or_another_model.dense_parameters": lambda r: (
        r.integers(2, 300, _int(r, 2, 5)).tolist(),
    ),
    "cnn_or_another_model.move_right": lambda r: (_normal(r, *_sides(r, 3, 6)), _int(r, 0, 2)),
    "cnn_or_another_model.difference": lambda r: _seeds(r, 2, same=False),
    "convolution.conv": lambda r: (*_convolution(r)[:2], _float(r, -2, 2)),
    "convolution.mover": lambda r: (_int(r, -1, 1), _int(r, -1, 1)),
    "convolution.step": _step,
    "data_sheets.majority_accuracy": lambda r: (_labels(r, _int(r, 6, 15), _int(r, 2, 4)),),
    "data_sheets.different_images": _repeated_images,
    "data_sheets.patients_on_both_sides": _patients,
    "dense_softmax.lse": lambda r: (
        _normal(r, _int(r, 2, 5), scale=float(r.choice([2, 900]))) + r.choice([-900, 0, 900]),
    ),
    "dense_softmax.loss_of": _scores_by_row,
    "dense_softmax.gradient_of": _scores_by_row,
    "dense_softmax.elsewhere": _prevalences,
    "fast_convolution.im2col": lambda r: (
        _normal(r, 4, 5, _int(r, 2, 3)),
        *(_int(r, 1, 3), _int(r, 2, 4)),
    ),
    "fast_convolution.copies": lambda r: (
        *(_int(r, 9, 80), _int(r, 9, 80)),
        *(_int(r, 1, 6), _int(r, 2, 6)),
    ),
    "fast_convolution.matrix": lambda r: (_normal(r, _int(r, 2, 4)), _int(r, 5, 8)),
    "federated_learning.averaged": _hospitals,
    "federated_learning.scale": _sums,
    "federated_learning.recovered": _layer_gradient,
    "from_dicom_to_tensor.to_hounsfield": lambda r: (
        r.integers(-32000, 32000, _sides(r)).astype("int16"),
        *(float(r.choice([0.5, 1, 2, 3])), float(_int(r, -2000, -100))),
    ),
    "from_dicom_to_tensor.to_window": lambda r: (
        r.integers(-900, 900, 9).astype(float),
        *(float(_int(r, -300, 300)), float(_int(r, 200, 1500))),
    ),
    "from_dicom_to_tensor.turn_around": lambda r: (
        r.integers(0, 1000, _sides(r)).astype("uint16"),
        _int(r, 10, 16),
    ),
    "from_dicom_to_tensor.resampled_shape": lambda r: (
        (_int(r, 60, 600), _int(r, 60, 600)),
        *(_float(r, 0.3, 2), _float(r, 0.5, 3)),
    ),
    "gradient_descent.fates": _rates,
    "gradient_descent.batch_size": lambda r: (
        _float(r, 0.5, 4),
        _int(r, 30, 5000),
        _float(r, 0.2, 1),
    ),
    "gradient_descent.one_epoch": _epoch,
    "gradients_of_modern_layers.arrives": lambda r: (
        _float(r, -3, 3),
        _normal(r, _int(r, 2, 5)).tolist(),
    ),
    "gradients_of_modern_layers.batch_norm_gradients": lambda r: (
        *_normal(r, 2, 5, 3, scale=2),
        _float(r, 0.01, 0.5),
    ),
    "gradients_of_modern_layers.painted": lambda r: (
        _normal(r, _int(r, 2, 5)),
        _normal(r, _int(r, 2, 4)),
        _int(r, 1, 4),
    ),
    "hospital_export.to_gray": lambda r: (
        r.integers(0, 250, _sides(r)).astype("uint16"),
        str(r.choice(["MONOCHROME1", "MONOCHROME2"])),
        _int(r, 8, 16),
    ),
    "hospital_export.two_owners": _owned,
    "hospital_export.auc_within": lambda r: (
        np.r_[0, 1, 0, 1, r.integers(0, 2, 8)],
        r.integers(0, 9, 12) / 8,
        np.r_[3, 3, 5, 5, r.choice([3, 5], 8)],
    ),
    "hospital_export.balanced_weights": lambda r: (
        np.r_[0, 0, 0, 1, 1, 1, r.integers(0, 2, 7)],
        np.r_[2, 2, 2, 2, 4, 4, r.choice([2, 4], 7)],
    ),
    "how_sure_is_it.auc": lambda r: (
        r.integers(3, 10, _int(r, 3, 6)) / 10,
        r.integers(1, 8, _int(r, 3, 6)) / 10,
    ),
    "how_sure_is_it.worth": lambda r: (_int(r, 20, 300), _int(r, 2, 6), _float(r, 0.1, 0.9)),
    "how_sure_is_it.difference": lambda r: tuple(r.integers(0, 2, (2, _int(r, 6, 12)))),
    "how_to_fool_yourself.leaked_images": lambda r: (
        r.integers(1, 9, _int(r, 4, 9)),
        r.integers(4, 14, _int(r, 4, 9)),
    ),
    "how_to_fool_yourself.normalize": lambda r: (
        3 + _normal(r, 5, 3, scale=2),
        1 + _normal(r, _int(r, 2, 4), 3),
    ),
    "how_to_fool_yourself.balanced_accuracy": lambda r: (_labels(r, 11), r.integers(0, 2, 11)),
    "images_as_tensors.window": lambda r: (
        np.append(r.integers(0, 3000, 5), 60000).astype("uint16"),
        *(_int(r, 2, 3), -_int(r, 900, 1100)),
        *(_int(r, -100, 300), _int(r, 300, 2000)),
    ),
    "images_as_tensors.block_mean": lambda r: (
        r.integers(0, 256, _sides(r, 4, 9)).astype("uint8"),
        _int(r, 2, 3),
    ),
    "images_as_tensors.normalize": lambda r: (
        4 + _normal(r, 3, 2, 4, 3) * [1, 2, 5],
        2 + _normal(r, _int(r, 1, 2), 2, 4, 3),
    ),
    "images_as_tensors.channels_first": lambda r: (_share(r, 2, *_sides(r, 3, 5), 4),),
    "initialization.spread_after": lambda r: (
        _int(r, 2, 25),
        _int(r, 20, 200),
        _float(r, 0.05, 0.3),
    ),
    "initialization.leaky_sigma": lambda r: (_int(r, 9, 900), _float(r, 0.01, 0.6)),
    "initialization.he_kernel": lambda r: (_normal(r, *_sides(r, 1, 3), *_sides(r, 2, 5)),),
    "initialization.leveled": _leveled,
    "modalities_and_history.transmitted_share": lambda r: (_float(r, 0.1, 1), _float(r, 0.5, 15)),
    "modalities_and_history.hounsfield_units": lambda r: (_float(r, 0, 0.6), _float(r, 0.1, 0.3)),
    "modalities_and_history.echo_depth": lambda r: (_float(r, 5, 300),),
    "model_card.missing": _card,
    "model_card.row": _row,
    "model_card.cases_needed": lambda r: (_float(r, 0.55, 0.98), _float(r, 0.02, 0.2)),
    "more_images_than_memory.first_ill_batch": lambda r: (
        _int(r, 20, 900),
        _int(r, 1, 400),
        _int(r, 3, 40),
    ),
    "more_images_than_memory.epoch_seconds": lambda r: (
        _int(r, 2, 40),
        _float(r, 0.1, 2),
        _float(r, 0.1, 2),
    ),
    "more_images_than_memory.out_of_buffer": _buffered,
    "more_pixels.pixels_needed": lambda r: (
        _float(r, 40, 400),
        _float(r, 1, 20),
        _float(r, 1, 5),
    ),
    "more_pixels.detectability": _lesion_in_noise,
    "more_pixels.seen_share": lambda r: (
        r.integers(1, 4, _int(r, 2, 6)).tolist(),
        _int(r, 40, 300),
    ),
    "momentum_and_adam.first_step": lambda r: (
        _normal(r, 2, 3, scale=4) * r.integers(0, 2, (2, 3)),
        _float(r, 0.01, 0.5),
    ),
    "momentum_and_adam.steps_to_speed": lambda r: (_float(r, 0.3, 0.99), _float(r, 0.1, 0.95)),
    "momentum_and_adam.adamw_step": _adamw,
    "momentum_and_adam.nesterov_step": _nesterov,
    "pooling.window_count": lambda r: (_int(r, 9, 60), _int(r, 1, 5), _int(r, 1, 4)),
    "pooling.largest": lambda r: (_normal(r, *_sides(r, 4, 7)) - 1, _int(r, 2, 3)),
    "pooling.average_back": lambda r: (_normal(r, *_sides(r, 1, 3)), _int(r, 2, 4)),
    "pooling.largest_back": _pooled,
    "pretrained_on_photographs.prepared": lambda r: (
        r.integers(0, 256, (_int(r, 1, 3), *_sides(r, 2, 4))).astype("uint8"),
    ),
    "pretrained_on_photographs.penalty": _penalties,
    "pretrained_on_photographs.images_needed": _curve,
    "sixteen_bits.largest_scale": lambda r: (
        _normal(r, *_sides(r), scale=float(10 ** r.uniform(-2, 3))) + 0.001,
    ),
    "sixteen_bits.smallest_update": lambda r: (
        float(r.choice([-1, 1])) * _float(r, 0.01, 30),
        _int(r, 5, 24),
    ),
    "sixteen_bits.scales": lambda r: (
        [bool(fine) for fine in r.random(14) < 0.7],
        float(2 ** _int(r, 3, 16)),
        _int(r, 2, 4),
    ),
    "several_devices.combined": _parts,
    "several_devices.fastest": lambda r: (
        _float(r, 0.5, 9),
        _float(r, 1e7, 9e7),
        _float(r, 1e8, 1e9),
        _float(r, 0.001, 0.009),
        _int(r, 8, 60),
    ),
    "several_devices.own_rows": _draw_of_worker,
    "several_devices.finished": _vectors_of_workers,
    "several_findings.gradient": lambda r: (_normal(r, 3, 4, scale=2), r.integers(-1, 2, (3, 4))),
    "several_findings.averages": lambda r: (
        np.vstack([np.ones((1, 3), int), r.random((12, 3)) < (0.7, 0.4, 0.2)]),
        r.integers(0, 2, (13, 3)),
    ),
    "several_findings.together": lambda r: (
        np.vstack([np.ones((1, 3), int), r.integers(-1, 2, (12, 3))]),
    ),
    "several_findings.level": lambda r: (_int(r, 2, 20), _float(r, 0.8, 0.99)),
    "several_modalities.join": lambda r: (_chances(r, _int(r, 2, 4), _int(r, 2, 4)),),
    "several_modalities.kept": _kept,
    "several_modalities.paired_gain": lambda r: _seeds(r, 2),
    "simulated_images.transmitted": _body,
    "simulated_images.shell": _ellipsoid,
    "simulated_images.contrast_to_noise": _spot,
    "telling_splits_apart.matches": _unlike,
    "telling_splits_apart.blame": lambda r: _seeds(r, 3),
    "telling_splits_apart.told_apart": lambda r: (
        r.integers(0, 9, _int(r, 3, 7)),
        r.integers(2, 11, _int(r, 3, 7)),
    ),
    "the_convolution_layer.field": _stacked,
    "the_convolution_layer.output_size": _layer_size,
    "the_convolution_layer.cost": lambda r: tuple(
        _int(r, *span) for span in ((9, 40), (9, 40), (1, 40), (1, 5), (1, 5), (2, 70))
    ),
    "the_file_that_goes_out.may_differ": lambda r: (
        _share(r, 12),
        _float(r, 0.3, 0.7),
        _float(r, 0.03, 0.2),
    ),
    "the_file_that_goes_out.prepared": lambda r: (
        r.integers(0, 5000, (2, *_sides(r))),
        _int(r, 2000, 4500),
        bool(r.integers(2)),
    ),
    "the_file_that_goes_out.accounted": _arrived,
    "the_whole_network.conv_parameters": lambda r: (_int(r, 2, 7), _int(r, 2, 64), _int(r, 2, 64)),
    "the_whole_network.side_after": lambda r: (_int(r, 12, 90), _int(r, 1, 6), _int(r, 2, 4)),
    "the_whole_network.first_dense_parameters": lambda r: (_int(r, 20, 260),),
    "three_classes.balanced": lambda r: (
        r.integers(0, 15, (4, 4)) + r.integers(5, 60, 4)[:, None] * np.eye(4, dtype=int),
    ),
    "three_classes.softened": lambda r: (_chances(r, 3, 4), _float(r, 1.5, 4)),
    "three_classes.calibrated": lambda r: (
        r.integers(1, 20, (3, 3)) + 30 * np.eye(3, dtype=int),
        r.integers(60, 200, 3),
    ),
    "three_classes.to_read": _doubted,
    "three_data_sets.seed_difference": lambda r: _seeds(r, 2),
    "three_data_sets.quadratic_kappa": lambda r: (
        r.integers(0, 15, (4, 4)) + 6 * np.eye(4, dtype=int),
    ),
    "three_data_sets.ensemble_accuracy": lambda r: (_chances(r, 3, 12, 3), _labels(r, 12, 3)),
    "too_little_data.worth": _worth,
    "too_little_data.pseudo_labels": _confident,
    "too_little_data.turned": lambda r: (r.integers(0, 99, (4, 3, 3)), r.integers(0, 4, 4)),
    "too_much_model.grown": lambda r: (_int(r, 2, 8), _int(r, 2, 5)),
    "too_much_model.largest_batch": lambda r: (
        _int(r, 40, 400) * 1_000_000,
        _int(r, 20_000, 300_000),
        _int(r, 10_000, 900_000),
    ),
    "too_much_model.slower": lambda r: (_share(r, _int(r, 4, 7), _int(r, 2, 4)) + 0.2,),
    "training_well.batch_norm_in_use": _batch_norm,
    "training_well.learning_rate": _warm,
    "training_well.smoothed_loss": _smoothed,
    "volumes.seen_in_mm": lambda r: (_int(r, 1, 6), [_float(r, 0.4, 6) for _ in range(3)]),
    "volumes.with_neighbors": lambda r: (r.integers(0, 9, (_int(r, 3, 5), *_sides(r))),),
    "volumes.thickness": lambda r: (
        r.integers(0, 2, (_int(r, 3, 5), *_sides(r))),
        _int(r, 0, 2),
        [_float(r, 0.4, 6) for _ in range(3)],
    ),
    "volumes.work": lambda r: (
        tuple(_int(r, *span) for span in ((7, 12), (13, 20), (21, 30), (2, 4))),
        (_int(r, 1, 2), _int(r, 3, 4), _int(r, 5, 6)),
        _int(r, 2, 9),
    ),
    "what_is_it_worth.act_above": lambda r: (_float(r, 0.5, 20), _float(r, 0.5, 20)),
    "what_is_it_worth.alarm_is_right": lambda r: tuple(r.uniform(0.05, 0.95, 3).round(3).tolist()),
    "what_is_it_worth.benefit": _scores_and_threshold,
    "when_the_scanner_changes.risk": _covered,
    "when_the_scanner_changes.other_prevalence": _prevalences,
    "when_the_scanner_changes.entropy": lambda r: (
        np.vstack([_chances(r, 3, 3), np.eye(3)[_int(r, 0, 2)]]),
    ),
    "why_did_it_say_that.hit": _map,
    "why_did_it_say_that.cam": lambda r: (_normal(r, 3, 4, 2), _normal(r, 3, 4, 2)),
    "why_did_it_say_that.shares": lambda r: (
        _normal(r, _int(r, 3, 5), 2, 3),
        *_normal(r, 2, 2, 3),
    ),
    "your_own_images.child": _file,
    "your_own_images.threshold": _missed,
    "your_own_images.by_child": _children,
    "your_own_images.patients_needed": lambda r: (_float(r, 0.55, 0.98), _float(r, 0.02, 0.1)),
}
