"""The shape of the package: imports go one way, files stay short, imports stand at the top."""

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "polyopt"
MAX_LINES = 450

# Each room may import the rooms above it, and within its own line the rooms to its left.
LAYERS = (
    ("errors", "source", "_version", "machine", "targets", "displayed", "locks"),
    ("_spaces", "_isl"),
    ("model",),
    ("frontend",),
    ("transform",),
    ("emit",),
    ("runtime",),
    ("options", "pipeline", "explain"),
    ("call", "carried", "kernel", "check", "batch", "from_text", "taken"),
    ("bench", "explore", "cli"),
)
# `errors` names `Location` in its annotations, and `source` needs nothing.
SAME_LAYER_BACKWARDS = {("errors", "source")}

# Upward arrows between two modules, each to a leaf that imports nothing of polyopt itself.
LEAVES = {
    ("polyopt._isl", "polyopt.model.affine"): "affine expressions are what isl's names stand for",
}

# (module, imported module): why it may be imported inside a function.
LAZY_IMPORTS = {
    ("polyopt.emit.loops", "polyopt.emit.show"): "`__str__` is drawn beside the values it draws",
    ("polyopt.model.nest", "polyopt.model.show"): "`__str__` is drawn beside the values it draws",
    ("polyopt.kernel", "polyopt.pipeline"): "isl, a third of the time of `import polyopt`",
    ("polyopt.call", "polyopt.frontend.signature"): "half of the time of `import polyopt`",
    ("polyopt.kernel", "polyopt.runtime.exported"): "only to write C for others",
    ("polyopt.kernel", "polyopt.model.counts"): "sympy, 0.3 s",
    ("polyopt.kernel", "polyopt.runtime.caller"): "only for calls with new types",
    ("polyopt.kernel", "polyopt.runtime.recall"): "only for calls with new types",
    ("polyopt.kernel", "polyopt.runtime.table"): "only for calls with new types",
    ("polyopt.runtime.caller", "polyopt.runtime.compiled"): "only to compile it, once a machine",
    ("polyopt.runtime.caller", "logging"): "4 ms, and there is rarely something to say",
    ("polyopt.runtime.folders", "platformdirs"): "6 ms, and Linux has one rule",
    ("polyopt.runtime.folders", "tempfile"): "10 ms, needed where there is no cache only",
    ("polyopt.kernel", "polyopt.explain"): "isl, a third of the time of `import polyopt`",
    ("polyopt.explore.explorer", "polyopt.explore.widget"): "ipywidgets is an extra",
    ("polyopt.model.symbols", "sympy"): "0.3 s, needed only when a symbol is converted",
    ("polyopt.runtime.opencl_device", "pyopencl"): "an extra, and 0.2 s",
    ("polyopt.explore.picture", "polyopt.explore.on_axes"): "few draw with matplotlib",
}


@dataclass(frozen=True)
class Import:
    """One imported module, by its full name, and where."""

    module: str
    target: str
    line: int
    in_function: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """Full names; of `from polyopt import x` the `polyopt.x`, since `x` is a room or public."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        stem = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*stem, base] if base else stem)
    return [f"{base}.{alias.name}" for alias in node.names] if base == "polyopt" else [base]


def imports_of(path: Path) -> list[Import]:
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(n) for function in functions for n in ast.walk(function)}
    return [
        Import(name, target, node.lineno, id(node) in inside)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in imported_names(node, package)
    ]


def room(module: str) -> str:
    return module.split(".")[1]


def place(name: str) -> tuple[int, int]:
    for level, names in enumerate(LAYERS):
        if name in names:
            return level, names.index(name)
    pytest.fail(f"polyopt.{name} has no place in LAYERS: give it one")


def is_allowed(source: str, target: str) -> bool:
    if source == target or (source, target) in SAME_LAYER_BACKWARDS:
        return True
    (level, position), (target_level, target_position) = place(source), place(target)
    return target_level < level or (target_level == level and target_position < position)


FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in FILES if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", ROOMS, ids=module_name)
def test_imports_go_one_way(path):
    own = room(module_name(path))
    wrong = [
        f"{path.name}:{each.line}: {each.module} imports {each.target}"
        for each in imports_of(path)
        if each.target.startswith("polyopt.")
        and (each.module, each.target) not in LEAVES
        and not is_allowed(own, room(each.target))
    ]
    assert not wrong


def test_leaves_import_nothing_of_polyopt():
    for _, leaf in LEAVES:
        path = ROOT / Path(*leaf.split(".")).with_suffix(".py")
        assert not [each for each in imports_of(path) if each.target.startswith("polyopt")]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_stand_at_the_top(path):
    hidden = [
        f"{path.name}:{each.line}: {each.target}"
        for each in imports_of(path)
        if each.in_function
        and (each.module, each.target.split(".")[0]) not in LAZY_IMPORTS
        and (each.module, each.target) not in LAZY_IMPORTS
    ]
    assert not hidden


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_no_lazy_import_is_listed_in_vain():
    found = {
        (each.module, name)
        for path in FILES
        for each in imports_of(path)
        if each.in_function
        for name in (each.target, each.target.split(".")[0])
    }
    assert set(LAZY_IMPORTS) <= found


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {module_name(path) for path in PACKAGE.rglob("__init__.py")}
    packages |= {
        ".".join(("polyopt_kernels", *path.parent.relative_to(ROOT / "kernels").parts))
        for path in (ROOT / "kernels").rglob("__init__.py")
    }
    assert packages == set(listed["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("from polyopt.errors import PolyoptError", True),
        ("from polyopt import _isl", True),
        ("from ..kernel import Kernel", False),
        ("if TYPE_CHECKING:\n    from polyopt.emit import loops", False),
        ("def f():\n    import polyopt.cli", False),
    ],
)
def test_the_reader_sees_every_form_of_import(text, allowed):
    node = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom))
    (target,) = imported_names(node, "polyopt.model")
    assert is_allowed("model", room(target)) is allowed
