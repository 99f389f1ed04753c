"""Change every line of a solution, one at a time: `python -m tests.mutants_of_exercises`.

Each change is handed in as a reader's answer to the exercise. None may pass as correct, but those
in `EQUAL`, which give what the solution gives, whatever the input.
"""

import ast
import copy
import importlib
import inspect
import itertools
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

import helpers.exercises
from helpers.exercises import CORRECT, Exercise
from tests.mutants import OTHER, Replace, is_number

EXERCISES: dict[str, tuple[ModuleType, str, Exercise]] = {
    f"{module.name}.{name}": (loaded, name, exercise)
    for module in pkgutil.iter_modules(helpers.exercises.__path__)
    for loaded in [importlib.import_module(f"helpers.exercises.{module.name}")]
    for name, exercise in vars(loaded).items()
    if isinstance(exercise, Exercise)
}

OPERATORS: dict[type, list[type]] = {
    **{old: [new] for old, new in OTHER.items()},
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
PAIRS = [
    ("sum", "mean"), ("max", "min"), ("maximum", "minimum"), ("argmax", "argmin"), ("std", "var"),
    ("any", "all"), ("exp", "log"), ("log2", "log"), ("sqrt", "abs"), ("cos", "sin"),
    ("floor", "ceil"), ("round", "trunc"), ("ceil", "round"), ("zeros", "ones"),
]  # fmt: skip
NAMES: dict[str, list[str]] = {}
for _first, _second in PAIRS:
    NAMES.setdefault(_first, []).append(_second)
    NAMES.setdefault(_second, []).append(_first)
# They change the form of an answer, not what it says.
FORMS = {"int", "float", "bool", "tuple", "list", "asarray", "array", "tolist", "astype"}
SYMMETRIC = {"max", "min", "maximum", "minimum", "clip"}  # in their first two arguments
LOOPS = 10_000


class EndlessError(Exception):
    """A changed loop does not end."""


def _name(function: ast.expr) -> str:
    """Return `mean` of `x.mean` and of `np.mean`."""
    return getattr(function, "attr", getattr(function, "id", ""))


def _module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"np", "stats"}


def _changed(node: ast.AST, **fields: Any) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _changes(node: ast.AST, parameters: tuple[str, ...]) -> Iterator[ast.AST]:
    """Yield the node with another sign, axis, number, operator, name, or without a part of it."""
    match node:
        case ast.Constant() if is_number(node):
            if isinstance(node.value, bool):
                yield ast.Constant(not node.value)
            else:
                yield from (ast.Constant(node.value + step) for step in (1, -1))
                if node.value:
                    yield ast.Constant(node.value * 2)
        case ast.Constant(value=str(text)) if text:
            yield ast.Constant(text[:-1])
        case ast.Name(ctx=ast.Load()) if node.id in parameters:
            yield from (ast.Name(other, ast.Load()) for other in parameters if other != node.id)
            yield ast.UnaryOp(ast.USub(), node)
        case ast.UnaryOp():
            yield node.operand
        case ast.BinOp():
            yield from (_changed(node, op=op()) for op in OPERATORS.get(type(node.op), []))
            yield from (node.left, node.right)
            if not isinstance(node.op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr):
                yield _changed(node, left=node.right, right=node.left)
        case ast.BoolOp():
            yield from (_changed(node, op=op()) for op in OPERATORS[type(node.op)])
            yield from node.values
        case ast.Compare():
            for op in OPERATORS.get(type(node.ops[0]), []):
                yield _changed(node, ops=[op(), *node.ops[1:]])
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Attribute(attr="T"):
            yield node.value
        case ast.Attribute() if node.attr in NAMES:
            yield from (_changed(node, attr=other) for other in NAMES[node.attr])
        case ast.Call():
            yield from _changes_of_call(node)
        case ast.Tuple(ctx=ast.Load()) if len(node.elts) > 1:
            yield _changed(node, elts=node.elts[::-1])
            for place in range(len(node.elts)):
                yield _changed(node, elts=node.elts[:place] + node.elts[place + 1 :])
        case ast.Subscript(ctx=ast.Load()):
            yield node.value
        case ast.AugAssign():
            yield ast.Assign([node.target], node.value)
            if type(node.op) in OTHER:
                yield _changed(node, op=OTHER[type(node.op)]())
            yield ast.Pass()
        case ast.Assign() | ast.Expr() | ast.Return() | ast.Break():
            yield ast.Pass()
        case ast.If():
            yield from (_changed(node, test=ast.Constant(value)) for value in (True, False))
            yield _changed(node, test=ast.UnaryOp(ast.Not(), node.test))


def _changes_of_call(node: ast.Call) -> Iterator[ast.AST]:
    if _name(node.func) not in FORMS:
        if isinstance(node.func, ast.Attribute) and not _module(node.func.value):
            yield node.func.value  # x.mean(axis=0) becomes x
        yield from node.args
    for place, keyword in enumerate(node.keywords):
        if keyword.arg not in {"strict", "keepdims"}:
            yield _changed(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])
    for first, second in itertools.combinations(range(len(node.args)), 2):
        if second == 1 and _name(node.func) in SYMMETRIC:
            continue
        args = [*node.args]
        args[first], args[second] = args[second], args[first]
        yield _changed(node, args=args)
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        for other in NAMES[node.func.id]:
            yield _changed(node, func=ast.Name(other, ast.Load()))


class _Bounded(ast.NodeTransformer):
    """Let no `while` run for ever."""

    def visit_While(self, node: ast.While) -> ast.AST:
        tick = ast.Expr(ast.Call(ast.Name("_tick", ast.Load()), [], []))
        return _changed(self.generic_visit(node), body=[tick, *node.body])


def _ticks() -> Callable[[], None]:
    left = itertools.count(LOOPS, -1)

    def tick() -> None:
        if next(left) < 0:
            raise EndlessError

    return tick


def _parts(module: ModuleType, name: str) -> tuple[ast.expr, dict[str, ast.FunctionDef]]:
    """Return an exercise's solution and the module's own functions that it comes to call."""
    tree = ast.parse(inspect.getsource(module))
    functions = {part.name: part for part in tree.body if isinstance(part, ast.FunctionDef)}
    [call] = [
        part.value
        for part in tree.body
        if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == name
    ]
    assert isinstance(call, ast.Call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    solution = keywords["solution"] if "solution" in keywords else call.args[0]
    called: dict[str, ast.FunctionDef] = {}
    todo: list[ast.AST] = [solution]
    while todo:
        for part in ast.walk(todo.pop()):
            if isinstance(part, ast.Name) and part.id in functions and part.id not in called:
                called[part.id] = functions[part.id]
                todo.append(functions[part.id])
    return solution, called


def _nodes(
    node: ast.AST, parent: ast.AST | None = None, parameters: tuple[str, ...] = ()
) -> Iterator[tuple[ast.AST, ast.AST | None, tuple[str, ...]]]:
    """Yield each node that says something, its parent, and the parameters of the function."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        parameters = tuple(argument.arg for argument in node.args.args)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    yield node, parent, parameters
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg in {"strict", "keepdims"}:
                continue
            if isinstance(child, ast.Call) and _name(child.func) == "astype":
                yield from _nodes(child.func, child, parameters)  # its argument is a form
            elif isinstance(child, ast.AST) and not _is_about_size(child):
                yield from _nodes(child, node, parameters)


def _is_about_size(node: ast.AST) -> bool:
    """Whether a node is `x.shape`, `x.size` or `len(x)`: the values of x do not count there."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return isinstance(node.args[0], ast.Name)
    return isinstance(node, ast.Attribute) and node.attr in {"shape", "size"}


def mutants(name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (what was changed, function) for each change of the solution of one exercise."""
    module, own_name, _ = EXERCISES[name]
    solution, called = _parts(module, own_name)
    sources: list[ast.AST] = [solution, *called.values()]
    for number, source in enumerate(sources):
        for node, parent, parameters in _nodes(source):
            for other in _changes(node, parameters):
                before, after = _text(node), _text(other)
                if before == after:
                    continue
                own, place = copy.deepcopy((source, node))
                changed = Replace(place, copy.deepcopy(other)).visit(own)
                function = _function(module, [*sources[:number], changed, *sources[number + 1 :]])
                if function is not None:
                    around = _text(parent).partition("\n")[0] if parent else "solution"
                    yield f"{before} -> {after} in {around}", function


def _text(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node))


def _function(module: ModuleType, parts: list[ast.AST]) -> Callable[..., Any] | None:
    """Make the function of a solution (the first part) and the functions that it calls."""
    solution, *functions = (_Bounded().visit(copy.deepcopy(part)) for part in parts)
    body = [*functions, ast.Assign([ast.Name("_answer", ast.Store())], solution)]
    namespace = dict(vars(module))
    try:
        code = compile(ast.fix_missing_locations(ast.Module(body, [])), "<mutant>", "exec")
        exec(code, namespace)
    except Exception:  # it can't even be made
        return None

    def answer(*arguments: Any) -> Any:
        namespace["_tick"] = _ticks()
        return namespace["_answer"](*arguments)

    return answer


@dataclass(frozen=True)
class Equal:
    """Changes of one solution that are no mistakes, and why."""

    why: str
    changes: set[str]


_LABELS_NO_SIGN = "a label is 0 if its negative is"

_SQUARE = "the number is squared"
_AXES = "the order of axes in a sum does not count; the variance has no sign"

EQUAL = {
    "a_smaller_model.on_front": Equal(
        "NumPy puts the new axis there by itself",
        {
            "costs[None] -> costs in costs[None] < costs[:, None]",
            "costs[None] -> costs in costs[None] <= costs[:, None]",
            "aucs[None] -> aucs in aucs[None] > aucs[:, None]",
            "aucs[None] -> aucs in aucs[None] >= aucs[:, None]",
        },
    ),
    "activations.tanh_slope": Equal(_SQUARE, {"x -> -x in np.tanh(x)"}),
    "activations.dead_units": Equal("a number is 0 if its negative is", {"H -> -H in H == 0"}),
    "chest_xrays.rates": Equal(_LABELS_NO_SIGN, {"labels -> -labels in labels == 0"}),
    "cnn_from_nothing.parameters": Equal(
        "rounding down twice is rounding down once; the poolings are alike; the side is squared",
        {
            "side // 2 -> side / 2 in lambda side: side // 2",
            "second_pool -> pool in second_pool(pool(side - shrink) - shrink)",
            "pool -> second_pool in pool(side - shrink)",
            "side -> -side in side ** 2",
        },
    ),
    "cnn_from_nothing.adam_step": Equal(_SQUARE, {"g -> -g in square(g)"}),
    "cnn_from_nothing.auc": Equal(_LABELS_NO_SIGN, {"labels -> -labels in labels == 0"}),
    "cnn_or_another_model.difference": Equal(
        "the variance has no sign", {"a -> -a in a.var", "b -> -b in b.var"}
    ),
    "data_sheets.different_images": Equal(
        "images differ if their negatives do", {"images -> -images in  for image in images"}
    ),
    "data_sheets.patients_on_both_sides": Equal(
        "the names of patients and the order of the sides do not count; a list will do for a set",
        {
            "patients -> -patients in _sides(patients, test)",
            "(set(patients[test].tolist()), set(patients[~test].tolist())) -> "
            "(set(patients[~test].tolist()), set(patients[test].tolist())) in "
            "return (set(patients[test].tolist()), set(patients[~test].tolist()))",
            "set(patients[~test].tolist()) -> patients[~test].tolist() in "
            "(set(patients[test].tolist()), set(patients[~test].tolist()))",
        },
    ),
    "dense_softmax.gradient_of": Equal(
        "only the number of columns counts there; axis 1 of two is the last",
        {"z -> -z in _y(z, labels)", "axis -> -axis in axis=axis"},
    ),
    "gradient_descent.fates": Equal(
        "a number and its negative are both 0 or not, and as large; 0 is asked before",
        {
            "factor -> -factor in factor == 0",
            "factor -> -factor in abs(factor)",
            "factor > 0 -> factor >= 0 in 'straight' if factor > 0 else 'zigzag'",
        },
    ),
    "gradient_descent.batch_size": Equal(
        _SQUARE, {"sigma -> -sigma in sigma ** 2", "target -> -target in target ** 2"}
    ),
    "sixteen_bits.smallest_update": Equal("a size has no sign", {"w -> -w in abs(w)"}),
    "momentum_and_adam.adamw_step": Equal(_SQUARE, {"g -> -g in g ** 2"}),
    "momentum_and_adam.nesterov_step": Equal(
        "a Hessian is symmetric",
        {
            "rate * H @ (w + mu * u) -> (w + mu * u) @ (rate * H) "
            "in mu * u - rate * H @ (w + mu * u)"
        },
    ),
    "how_to_fool_yourself.normalize": Equal(
        "the variance has no sign", {"train -> -train in train.std"}
    ),
    "how_to_fool_yourself.balanced_accuracy": Equal(
        _LABELS_NO_SIGN,
        {"guesses -> -guesses in guesses[labels == 0]", "labels -> -labels in labels == 0"},
    ),
    "images_as_tensors.block_mean": Equal(
        "the order of axes in a mean does not count; `reshape` takes -k for the rest",
        {"(1, 3) -> (3, 1) in axis=(1, 3)", "k -> -k in x[:H * k, :W * k].reshape(H, k, W, k)"},
    ),
    "images_as_tensors.normalize": Equal(
        _AXES, {"(0, 1, 2) -> (2, 1, 0) in axis=(0, 1, 2)", "train -> -train in train.std"}
    ),
    "initialization.spread_after": Equal(_SQUARE, {"sigma -> -sigma in sigma ** 2"}),
    "initialization.leaky_sigma": Equal(_SQUARE, {"slope -> -slope in slope ** 2"}),
    "model_card.cases_needed": Equal(_SQUARE, {"width -> -width in width / 2"}),
    "pooling.largest": Equal(
        "the order of axes in a maximum does not count; `reshape` takes -size for the rest",
        {
            "(1, 3) -> (3, 1) in axis=(1, 3)",
            "size -> -size in x[:down * size, :across * size].reshape(down, size, across, size)",
        },
    ),
    "pooling.average_back": Equal(_SQUARE, {"size -> -size in size ** 2"}),
    "several_devices.combined": Equal(
        "weights of a mean that all change their sign give the same mean",
        {"sizes -> -sizes in weights=sizes"},
    ),
    "several_modalities.join": Equal(
        "the sign is in the product and in its sum", {"parts -> -parts in np.prod(parts, axis=0)"}
    ),
    "simulated_images.transmitted": Equal(
        "a product of two rows has no order",
        {
            "np.dot(lengths, attenuation) -> np.dot(attenuation, lengths) in "
            "-np.dot(lengths, attenuation)"
        },
    ),
    "more_pixels.detectability": Equal(
        _SQUARE,
        {"lesion -> -lesion in lesion / sigma", "sigma -> -sigma in lesion / sigma"},
    ),
    "simulated_images.shell": Equal(
        _SQUARE,
        {
            *(f"{n} -> -{n} in _path(x, y, a, b, c)" for n in "xyab"),
            *(f"{n} -> -{n} in _path(x, y, a - wall, b - wall, c - wall)" for n in "xy"),
            "a - wall -> wall - a in _path(x, y, a - wall, b - wall, c - wall)",
            "b - wall -> wall - b in _path(x, y, a - wall, b - wall, c - wall)",
            *(f"{n} -> -{n} in x / a" for n in "xa"),
            *(f"{n} -> -{n} in y / b" for n in "yb"),
        },
    ),
    "simulated_images.contrast_to_noise": Equal(
        "the sign is dropped; the variance has none",
        {
            "image[mask].mean() - image[~mask].mean() -> image[~mask].mean() - image[mask].mean() "
            "in abs(image[mask].mean() - image[~mask].mean())",
            "image -> -image in image[~mask]",
        },
    ),
    "fast_convolution.im2col": Equal(
        "`reshape` takes any negative number for the rest", {"1 -> 2 in -1"}
    ),
    "the_file_that_goes_out.may_differ": Equal(
        "a distance has no sign",
        {"scores - threshold -> threshold - scores in np.abs(scores - threshold)"},
    ),
    "the_file_that_goes_out.prepared": Equal(
        "minus one is as true as one",
        {"inverted -> -inverted in 1 - gray if inverted else gray"},
    ),
    "three_data_sets.quadratic_kappa": Equal(
        "the sign is in both costs; distances are squared; the cost is symmetric",
        {
            "table -> -table in _kappa(table)",
            "table -> -table in np.asarray(table, float)",
            "table = np.asarray(table, float) -> pass in "
            "def _kappa(table: Array, power: float=2) -> float:",
            "np.abs(grades[:, None] - grades) -> grades[:, None] - grades in "
            "np.abs(grades[:, None] - grades) ** power",
            "grades[:, None] - grades -> grades - grades[:, None] in "
            "np.abs(grades[:, None] - grades)",
            "np.outer(table.sum(axis=1), table.sum(axis=0)) -> "
            "np.outer(table.sum(axis=0), table.sum(axis=1)) in "
            "np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()",
        },
    ),
    "three_data_sets.ensemble_accuracy": Equal(
        "the largest sum is the largest mean",
        {"chances.mean -> chances.sum in chances.mean(axis=0)"},
    ),
    "training_well.learning_rate": Equal(
        "both rates are `start` at the end of the warm-up; the cosine has no sign",
        {
            "step < warm_up -> step <= warm_up in if step < warm_up:",
            "step - warm_up -> warm_up - step in np.pi * (step - warm_up)",
            "steps - warm_up -> warm_up - steps in np.pi * (step - warm_up) / (steps - warm_up)",
        },
    ),
    "training_well.smoothed_loss": Equal(
        "a product of two rows has no order",
        {
            "-targets @ np.log(chances) -> np.log(chances) @ -targets in "
            "float(-targets @ np.log(chances))"
        },
    ),
    "hospital_export.auc_within": Equal(_LABELS_NO_SIGN, {"labels -> -labels in labels == 0"}),
    "how_sure_is_it.auc": Equal(
        "NumPy puts the new axis there by itself",
        {"healthy[None] -> healthy in ill[:, None] - healthy[None]"},
    ),
    "what_is_it_worth.benefit": Equal(_LABELS_NO_SIGN, {"labels -> -labels in labels == 0"}),
    "when_the_scanner_changes.entropy": Equal(
        "a probability of 0 makes 0 of any logarithm",
        {"1 -> 2 in np.where(probabilities > 0, probabilities, 1)"},
    ),
    "why_did_it_say_that.cam": Equal(
        "the order of axes in a mean does not count", {"(0, 1) -> (1, 0) in axis=(0, 1)"}
    ),
}


def survivors(name: str) -> tuple[int, list[tuple[str, Callable[..., Any]]]]:
    """Return how many changes were tried on an exercise, and those that pass as correct."""
    _, _, exercise = EXERCISES[name]
    count, alive = 0, []
    with np.errstate(all="ignore"):
        for what, mutant in mutants(name):
            count += 1
            if exercise.verdict(mutant) == CORRECT:
                alive.append((what, mutant))
    return count, alive


def main() -> int:
    """Try all changes of all exercises, or of those named; print a table."""
    any_wrong = False
    for name in sys.argv[1:] or EXERCISES:
        count, alive = survivors(name)
        equal = EQUAL[name].changes if name in EQUAL else set()
        wrong = [what for what, _ in alive if what not in equal]
        any_wrong |= bool(wrong)
        line = f"{count:4} changes {len(alive) - len(wrong):4} equal {len(wrong):4} pass"
        print(f"{name:44} {line}", flush=True)
        for what in wrong:
            print(f"    {what}")
    return any_wrong


if __name__ == "__main__":
    sys.exit(main())
