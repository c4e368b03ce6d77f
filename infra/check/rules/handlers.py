"""Each function's handler string leads to a module that holds what Lambda and we need of it."""

from __future__ import annotations

import ast
from pathlib import Path

from infra.build import Build
from infra.check.assembly import Assembly

NEEDED = {"make_handler", "lambda_handler"}


def defined(source: str) -> set[str]:
    """Names that a module defines or assigns at its top."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {a.asname or a.name for a in node.names}
    return names


def _fault(name: str, handler: str, tree: Path) -> str | None:
    module, _, entry = handler.rpartition(".")
    path = tree / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        return f"{name}: handler {handler} is missing: its package has no {path.relative_to(tree)}"
    if lacking := (NEEDED | {entry}) - defined(path.read_text()):
        return f"{name}: {path.relative_to(tree)} does not define {sorted(lacking)}"
    return None


def faults(assembly: Assembly, build: Build) -> list[str]:
    """Handlers that are not in the package that would be deployed."""
    found = [
        _fault(name, str(function.properties["Handler"]), build.functions[name].tree)
        if name in build.functions
        else f"{function}: no use case is called {name}"
        for name, function in assembly.functions().items()
    ]
    return [f for f in found if f] + [
        f"{name}: the templates hold no function for it"
        for name in build.functions
        if name not in assembly.functions()
    ]
