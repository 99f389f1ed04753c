"""Change every setting and every line of an experiment, one at a time: `python -m tests.mutants`.

A change that the tests of the experiment do not see, survives. None may.
"""

import ast
import copy
import importlib.util
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from experiments import engine, fingerprint

# What does not make records: `check` is about records that are there.
NOT_MAKING = ("check",)
OTHER = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node changed: another number, another operator, a statement that is gone."""
    if _number(node):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OTHER:
        changed = copy.copy(node)
        changed.op = OTHER[type(node.op)]()
        yield changed
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
        changed = copy.copy(node)
        changed.ops = [OTHER[type(node.ops[0])](), *node.ops[1:]]
        yield changed
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr | ast.Raise):
        yield ast.Pass()


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, other: ast.AST) -> None:
        self.target, self.other = target, other

    def visit(self, node: ast.AST) -> ast.AST:
        return self.other if node is self.target else self.generic_visit(node)


def _settings(node: ast.stmt) -> bool:
    """Whether a statement of a module gives a constant its value."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    parts = [part for target in targets if target for part in ast.walk(target)]
    return any(isinstance(part, ast.Name) and part.id.isupper() for part in parts)


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, source) for each change of one setting or one line."""
    tree = ast.parse(source)
    for place, statement in enumerate(tree.body):
        if isinstance(statement, ast.FunctionDef) and statement.name not in NOT_MAKING:
            kind, nodes = "line", list(ast.walk(statement))
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and _settings(statement):
            kind, nodes = "setting", [node for node in ast.walk(statement) if _number(node)]
        else:
            continue
        for node in nodes:
            if fingerprint.is_docstring(node):
                continue
            for other in _changes(node):
                changed = copy.copy(tree)
                changed.body = [*tree.body]
                # The rest of the tree is shared, so only this statement is copied.
                pair = copy.deepcopy((statement, node))
                changed.body[place] = _Replace(pair[1], other).visit(pair[0])
                text = ast.unparse(ast.fix_missing_locations(changed))
                yield f"{kind} {node.lineno}: {ast.unparse(node)[:60]!r}", text


def survives(module: ModuleType, mutant: ModuleType) -> bool:
    """Whether a changed experiment passes the tests of `tests/test_experiments.py` on its file."""
    head, entries, _ = engine.read(engine.file_of(module))
    try:
        same = fingerprint.differences(head, fingerprint.of(mutant)) == []
        return same and [entry["job"] for entry in entries] == engine.jobs_of(mutant)
    except Exception:  # whatever a changed line makes of it, a test fails
        return False


def _load(name: str, source: str, file: Path) -> ModuleType:
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def survivors(name: str) -> tuple[dict[str, int], list[str]]:
    """Return how many settings and lines of an experiment were changed, and what survived."""
    module = engine.module_of(name)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    counts, alive = {"setting": 0, "line": 0}, []
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for what, text in mutants(source):
                counts[what.split()[0]] += 1
                try:
                    mutant = _load(module.__name__, text, Path(folder) / f"m{next(numbers)}.py")
                except Exception:  # it can't even be imported
                    continue
                if survives(module, mutant):
                    alive.append(what)
        finally:
            sys.modules[module.__name__] = module
    return counts, alive


def main() -> int:
    """Try all changes of all experiments, or of those named; print a table."""
    any_alive = False
    for name in sys.argv[1:] or engine.names():
        counts, alive = survivors(name)
        any_alive |= bool(alive)
        changed = f"{counts['setting']:4} settings {counts['line']:4} lines"
        print(f"{name:32} {changed} {len(alive):4} survive")
        for what in alive:
            print(f"    {what}")
    return any_alive


if __name__ == "__main__":
    sys.exit(main())
