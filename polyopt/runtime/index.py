"""Compiled kernels found again by what the user wrote: no model, no isl, no compiler.

A question is a hash of all that decides what a specialisation becomes: the function's text and
what it captures, the argument types, the options, polyopt's own files, Python, NumPy, the machine
and the compiler. Its answer stands beside the libraries: which one, and how it is called.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import pickle
import platform
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING

import numpy as np

from polyopt._version import __version__
from polyopt.frontend.source import FunctionSource
from polyopt.machine import detect, processor
from polyopt.model.symbols import Symbol
from polyopt.model.types import ArgumentType, ArrayType, DType
from polyopt.runtime.folders import directory, is_ours, is_temporary, note_use, work_prefix

if TYPE_CHECKING:
    from polyopt.emit.program import Program
    from polyopt.runtime.arguments import Layouts
    from polyopt.runtime.plan import Interface

_SUFFIX = ".call"
_OWN = ("polyopt", "numpy", "math")
_NUMBERS = (bool, int, float, complex, str, type(None))


@dataclass(frozen=True, slots=True)
class Answer:
    """A compiled library, and how it is called. `program` is without its source.

    `interface` is None where polyopt itself calls it.
    """

    path: Path
    interface: Interface | None
    program: Program


def question(
    source: FunctionSource,
    types: Mapping[str, ArgumentType],
    same: Mapping[str, str],
    layouts: Layouts,
    chosen: str,
) -> str | None:
    """The hash for a specialisation under some chosen options, told as text.

    None where the function captures what no text tells: objects that are no numbers, types,
    modules, known functions or kernels.
    """
    tokens = list(_captured(source, frozenset()))
    if None in tokens:
        return None
    asked = [f"{name}: {type_}" for name, type_ in types.items()]
    parts = [*_surroundings(), chosen, *asked, str(dict(same)), str(layouts), *map(str, tokens)]
    return _hash(*parts)


def question_of_text(text: str) -> str:
    """The hash for C that polyopt brings along."""
    return _hash(*_surroundings(), text)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def look(name: str) -> Answer | None:
    """The answer to a question, where there is one and its library still is there."""
    folder = directory()
    path = folder / f"{name}{_SUFFIX}"
    if not is_ours(path):
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    library, interface, program = pickle.loads(body)  # as trusted as the library beside it
    found = folder / library
    if not is_ours(found):
        with suppress(OSError):
            path.unlink()
        return None
    note_use(found)
    return Answer(found, interface, program)


def remember(name: str, answer: Answer) -> None:
    """Keep an answer, all of it or nothing; where the disk does not take it, do without."""
    folder = directory()
    if answer.path.parent != folder or is_temporary(folder):
        return
    body = pickle.dumps((answer.path.name, answer.interface, answer.program))
    path = folder / f"{name}{_SUFFIX}"
    part = folder / f"{work_prefix()}{threading.get_ident()}{_SUFFIX}"
    try:
        part.write_bytes(hashlib.sha256(body).digest() + body)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)


# ---- what surrounds a kernel ---------------------------------------------------------------


def _surroundings() -> tuple[str, ...]:
    settings = (f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("POLYOPT_"))
    named, search = os.environ.get("CC", ""), os.environ.get("PATH", os.defpath)
    return (*_fixed(), _compiler_stamp(named, search), *settings)


@functools.cache
def _fixed() -> tuple[str, ...]:
    """What stays as it is while a process runs."""
    model, features = processor()
    own = sorted(_stamps(str(Path(__file__).parent.parent)))
    versions = (__version__, sys.version, np.__version__)
    machine = (platform.machine(), model, " ".join(sorted(features)), repr(detect()))
    return (*versions, *machine, *own)


def _stamps(folder: str) -> Iterator[str]:
    """A line per file of code below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".c")):
                yield f"{entry.path} {_stamp(entry.stat())}"
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                yield from _stamps(entry.path)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns} {status.st_size}"


@functools.lru_cache(maxsize=16)
def _compiler_stamp(named: str, search: str) -> str:
    """Who would compile, without asking it."""
    commands = named.split()[:1] or ["gcc", "clang"]
    paths = (shutil.which(command, path=search) for command in commands)
    found = next((Path(path).resolve() for path in paths if path), None)
    return f"{named}|" if found is None else f"{named}|{found}|{_stamp(found.stat())}"


# ---- what a function captures --------------------------------------------------------------


def _captured(source: FunctionSource, around: frozenset[str]) -> Iterator[str | None]:
    """The function's text and place, and a text per name it captures; None for what has none.

    Decorators are left out: what they choose is asked for by value.
    """
    definition = source.node
    yield f"{source.file}:{definition.lineno}"
    yield from source.lines[definition.lineno - source.first_line :]
    around |= {source.name}
    parts = (definition.args, *definition.body)
    nodes = [node for part in parts for node in ast.walk(part)]
    own = {a.arg for a in nodes if isinstance(a, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Constant):
            yield None  # names in a text
        if isinstance(node, ast.Name) and node.id not in own:
            yield from _token(node.id, _value(source, node), around)
        elif isinstance(node, ast.Attribute) and _root(node) not in own:
            value = _value(source, node)
            if value is not _MISSING:
                yield from _token(ast.unparse(node), value, around)


_MISSING = object()


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _value(source: FunctionSource, node: ast.expr) -> object:
    """What a name, or a dotted name below a module, stands for."""
    if isinstance(node, ast.Name):
        try:
            return source.captured(node.id)
        except LookupError:
            return _MISSING
    if isinstance(node, ast.Attribute):
        owner = _value(source, node.value)
        return getattr(owner, node.attr, _MISSING) if isinstance(owner, ModuleType) else _MISSING
    return _MISSING


def _token(name: str, value: object, around: frozenset[str]) -> Iterator[str | None]:
    inner = getattr(value, "py_func", None)
    if isinstance(inner, FunctionType):
        if inner.__name__ not in around:
            yield from _captured(FunctionSource.of(inner), around)
        return
    text = _text(value)
    yield None if text is None else f"{name} {text}"


def _text(value: object) -> str | None:
    if value is _MISSING:
        return "missing"
    if type(value) in _NUMBERS:
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, np.generic) and type(value) is value.dtype.type:
        return f"{value.dtype.str} {value.tobytes().hex()}"
    if isinstance(value, DType | ArrayType | Symbol):
        return f"{type(value).__name__} {value}"
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, np.ufunc):
        return f"ufunc {value.__name__}"
    module = getattr(value, "__module__", None) or ""
    known = isinstance(value, type | BuiltinFunctionType) or module.split(".")[0] in _OWN
    if known and hasattr(value, "__qualname__"):
        return f"{module}.{value.__qualname__}"
    return None
