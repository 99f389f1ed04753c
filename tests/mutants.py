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

# What makes records, and says which. `check`, and what only it uses, is about those that are there.
MAKING = ("run", "shared", "jobs")
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


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node changed: another number, another operator, a statement that is gone."""
    if is_number(node):
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


class Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, other: ast.AST) -> None:
        self.target, self.other = target, other

    def visit(self, node: ast.AST) -> ast.AST:
        return self.other if node is self.target else self.generic_visit(node)


def _making(tree: ast.Module) -> set[str]:
    """Return the names of a module that records and jobs depend on."""
    named: dict[str, set[str]] = {}
    for statement in tree.body:
        parts = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            named |= dict.fromkeys(fingerprint.assigned(statement), parts)
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            named[statement.name] = parts
    reached, todo = {"ALONE"}, [name for name in MAKING if name in named]
    while todo:
        name = todo.pop()
        reached.add(name)
        todo += [other for other in named[name] if other in named and other not in reached]
    return reached


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, source) for each change of one setting or one line."""
    tree = ast.parse(source)
    making = _making(tree)
    for place, statement in enumerate(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name in making:
            kind, nodes = "line", list(ast.walk(statement))
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and any(
            name.isupper() for name in making & fingerprint.assigned(statement)
        ):
            kind, nodes = "setting", [node for node in ast.walk(statement) if is_number(node)]
        else:
            continue
        # They only forbid: what is computed stays the same.
        forbids = ("strict", "frozen")
        forbidding = {n.value for n in nodes if isinstance(n, ast.keyword) and n.arg in forbids}
        for node in nodes:
            if node in forbidding or fingerprint.is_docstring(node):
                continue
            for other in _changes(node):
                changed = copy.copy(tree)
                changed.body = [*tree.body]
                # The rest of the tree is shared, so only this statement is copied.
                pair = copy.deepcopy((statement, node))
                changed.body[place] = Replace(pair[1], other).visit(pair[0])
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
