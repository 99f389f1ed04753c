"""What makes a record: the settings of an experiment, and the code of the functions it runs."""

import ast
import dataclasses
import functools
import hashlib
import importlib
import importlib.util
import inspect
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

# Code of these packages is followed. What others do is told by their versions, in each record.
FOLLOWED = ("experiments", "helpers")
# What reads images has tests of its own, and checks what it has read.
TRUSTED = ("helpers.datasets", "helpers.chest_xrays", "helpers.folders")


def plain(value: Any) -> Any:
    """Return a setting as JSON holds it.

    Raises
    ------
    TypeError
        If it is no data, such as a function: what it does could not be compared.

    Examples
    --------
    >>> plain({"seeds": range(3), "rates": (0.1, 0.2)})
    {'seeds': [0, 1, 2], 'rates': [0.1, 0.2]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(entry) for entry in value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{value!r} is no data; make settings of numbers, texts, lists and dataclasses")


def canonical(node: Any) -> Any:
    """Return a syntax tree as nested lists: no comments, docstrings, types, nor line breaks.

    Python's own dump of a tree changes from version to version.
    """
    if isinstance(node, list):
        return [canonical(entry) for entry in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    shape: list[Any] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx", "kind", "type_comment", "type_params"):
            continue
        if name == "body" and isinstance(value, list):
            value = [entry for entry in value if not is_docstring(entry)]
        if value is not None and value != []:
            shape.append([name, canonical(value)])
    return shape


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a text that does nothing."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def digest(tree: ast.AST) -> str:
    """Return eight letters that differ if the code does.

    Examples
    --------
    >>> digest(ast.parse("x = 1  # one")) == digest(ast.parse("x  =  1"))
    True
    >>> digest(ast.parse("x = 1")) == digest(ast.parse("x = 2"))
    False
    """
    return hashlib.sha256(repr(canonical(tree)).encode()).hexdigest()[:8]


def _followed(value: Any) -> bool:
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return _followed_name(str(module))


def _without_types(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None) if isinstance(node, ast.AnnAssign) else None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return tree


def _named(tree: ast.AST, module: ModuleType) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield (module, name, value) of what code names: globals, attributes of modules, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and _followed_name(node.module):
            source = importlib.import_module(node.module)
            for alias in node.names:
                yield source, alias.name, getattr(source, alias.name)
        elif isinstance(node, ast.Name) and node.id in vars(module):
            yield module, node.id, vars(module)[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = vars(module).get(node.value.id)
            if isinstance(owner, ModuleType) and _followed(owner) and hasattr(owner, node.attr):
                yield owner, node.attr, getattr(owner, node.attr)


@functools.lru_cache(4096)
def _read(value: Any) -> tuple[str, tuple[tuple[ModuleType, str, Any], ...]]:
    """Return the digest of a function or class, and what its code names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    home = inspect.getmodule(value)
    assert home is not None
    return digest(tree), tuple(_named(_without_types(tree), home))


def _followed_name(module: str) -> bool:
    return module.split(".")[0] in FOLLOWED and not module.startswith(TRUSTED)


@functools.lru_cache(4096)
def _assignment(module: ModuleType, name: str) -> str | None:
    """Return the digest of the code that gives a global of a module its value."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            source = "." * node.level + str(node.module)
            source = importlib.util.resolve_name(source, module.__package__)
            return _assignment(importlib.import_module(source), name)
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in assigned(node):
            return digest(node)
    return None


def assigned(node: ast.Assign | ast.AnnAssign) -> set[str]:
    """Return the names that a statement gives a value."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return {part.id for part in parts if isinstance(part.ctx, ast.Store)}


def of(module: ModuleType, roots: tuple[str, ...] = ("run", "shared")) -> dict[str, dict[str, Any]]:
    """Return the settings and the code that records of an experiment depend on.

    Parameters
    ----------
    module : module
        The experiment.
    roots : tuple of str
        The functions that the code is reached from.

    Returns
    -------
    dict
        "settings": values of the constants that its records depend on, by name; "code": a digest
        of each function, class and constant of this project that is reached.

    Raises
    ------
    TypeError
        If a setting is no data.
    """
    # What measures time has the machine for itself: that is a setting, though the engine's.
    settings = {name: plain(getattr(module, name)) for name in ("ALONE",) if hasattr(module, name)}
    code: dict[str, str] = {}
    todo = [getattr(module, name) for name in roots if hasattr(module, name)]
    while todo:
        value = inspect.unwrap(todo.pop())
        name = f"{value.__module__}.{value.__qualname__}"
        if name in code:
            continue
        if not inspect.isfunction(value) and not inspect.isclass(value):
            raise TypeError(f"{value!r} is neither function nor class; write a function")
        code[name], named = _read(value)
        for owner, used, thing in named:
            if callable(thing):
                if _followed(inspect.unwrap(thing)) or isinstance(thing, functools.partial):
                    todo.append(thing)
            elif isinstance(thing, ModuleType):
                continue
            elif owner is module and not used.startswith("__"):
                settings[used] = plain(thing)
            elif _followed(owner) and (assignment := _assignment(owner, used)):
                code[f"{owner.__name__}.{used}"] = assignment
    return {"settings": dict(sorted(settings.items())), "code": dict(sorted(code.items()))}


def differences(stored: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[str]:
    """Return what differs between two fingerprints, in words, settings first.

    Examples
    --------
    >>> old = {"settings": {"EPOCHS": 5}, "code": {"experiments.x.run": "0a"}}
    >>> differences(old, {"settings": {"EPOCHS": 50}, "code": {"experiments.x.run": "0b"}})
    ['EPOCHS was 5, is 50', 'the code of experiments.x.run']
    """
    lines = []
    for name in sorted({*stored["settings"], *now["settings"]}):
        was, is_ = (each["settings"].get(name, "not there") for each in (stored, now))
        if was != is_:
            lines.append(f"{name} was {was!r}, is {is_!r}")
    for name in sorted({*stored["code"], *now["code"]}):
        was, is_ = (each["code"].get(name) for each in (stored, now))
        if was != is_:
            how = "" if was and is_ else " (gone)" if was else " (new)"
            lines.append(f"the code of {name}{how}")
    return lines
