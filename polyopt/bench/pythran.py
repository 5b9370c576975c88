"""A plain Python function through Pythran, which compiles a module of Python ahead of time."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import tempfile
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp")


class PythranError(Exception):
    """Pythran refuses the function, or its C++ does not compile; in Pythran's words."""


def compiled_by_pythran(
    function: Callable[..., object], arguments: tuple[Any, ...]
) -> Callable[..., object]:
    """The function compiled for the types of `arguments`.

    Raises:
        PythranError: Pythran does not take it.
    """
    text = module_text(function, arguments)
    with tempfile.TemporaryDirectory(prefix="polyopt-pythran-") as folder:  # loaded, it may go
        module = _loaded(_built(text, Path(folder, "taken.so")))
    compiled: Callable[..., object] = getattr(module, function.__name__)
    return compiled


def _built(text: str, output: Path) -> str:
    toolchain = importlib.import_module("pythran.toolchain")
    try:
        path: str = toolchain.compile_pythrancode(
            "taken",
            text,
            output_file=str(output),
            extra_compile_args=list(FLAGS),
            extra_link_args=["-fopenmp"],
        )
    except (toolchain.CompileError, SyntaxError, NotImplementedError) as error:
        raise PythranError(f"pythran: {str(error).strip().partition(chr(10))[0]}") from None
    return path


def _loaded(path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("taken", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def module_text(function: Callable[..., object], arguments: tuple[Any, ...]) -> str:
    """A module that holds the function, the numbers and functions it names, and its types."""
    types_ = ", ".join(_type(value) for value in arguments)
    lines = [f"#pythran export {function.__name__}({types_})", "import math", "import numpy as np"]
    return "\n".join([*lines, *_globals(function, set()), _source(function), ""])


def _type(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name}[{','.join(':' * value.ndim)}]"
    return type(value).__name__


def _globals(function: Callable[..., object], seen: set[str]) -> list[str]:
    """Assignments and definitions of the globals that a function reads."""
    found: list[str] = []
    for name, value in inspect.getclosurevars(function).globals.items():
        if name in seen:
            continue
        seen.add(name)
        if isinstance(value, types.FunctionType):
            found += [*_globals(value, seen), _source(value)]
        elif isinstance(value, (bool, int, float)):
            found.append(f"{name} = {value!r}")
    return found


def _source(function: Callable[..., object]) -> str:
    """The text of a function without decorators, and without assertions, which cost it time."""
    lines = inspect.getsource(function).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("def "))
    return "\n".join(line for line in lines[start:] if not line.lstrip().startswith("assert "))
