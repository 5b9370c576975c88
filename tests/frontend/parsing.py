"""Helpers of the front end's tests: functions from text, their types, and the oracle."""

from __future__ import annotations

import copy
import itertools
import linecache
import math
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import interpret
import numpy as np

import polyopt as po
from polyopt.frontend.parse import parse
from polyopt.frontend.source import FunctionSource
from polyopt.model import types as t
from polyopt.model.nest import LoopNest
from polyopt.model.types import ArgumentType, ArrayType, ScalarType

_counter = itertools.count(1)
PYTHON = {bool: t.bool_, int: t.i64, float: t.f64}


def define(text: str, **names: Any) -> Callable[..., None]:
    """The last function that `text` defines; its source can be found again."""
    text = textwrap.dedent(text).strip("\n") + "\n"
    file = f"/kernels/text_{next(_counter)}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"np": np, "math": math, "po": po, **names}
    exec(compile(text, file, "exec"), scope)
    defined = [v for v in scope.values() if getattr(v, "__code__", None) is not None]
    return next(v for v in reversed(defined) if v.__code__.co_filename == file)


def type_of(value: Any) -> ArgumentType:
    """The type that a call with this argument has."""
    if isinstance(value, np.ndarray):
        dtype = t.from_numpy(value.dtype)
        assert dtype is not None
        return ArrayType(dtype, (None,) * value.ndim)
    if isinstance(value, np.generic):
        dtype = t.from_numpy(value.dtype)
        assert dtype is not None
        return ScalarType(dtype, weak=False)
    return ScalarType(PYTHON[type(value)], weak=True)


def nest_of(function: Callable[..., None], *arguments: Any) -> LoopNest:
    """The loop nest for a call with these arguments; the same array twice is one."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    types = {n: type_of(a) for n, a in zip(names, arguments, strict=True)}
    same: dict[str, str] = {}
    for place, value in enumerate(arguments):
        first = next(p for p, earlier in enumerate(arguments) if earlier is value)
        if isinstance(value, np.ndarray) and first < place:
            same[names[place]] = names[first]
    return parse(FunctionSource.of(function), types, same)


def run_python(function: Callable[..., None], *arguments: Any) -> None:
    """Plain execution, without NumPy's warnings."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(*arguments)


def same_as_python(function: Callable[..., None], *arguments: Any) -> LoopNest:
    """Assert that the nest computes what Python does, bit for bit; gives the nest."""
    nest = nest_of(function, *arguments)
    expected, actual = copy.deepcopy(arguments), copy.deepcopy(arguments)
    run_python(function, *expected)
    interpret.run(nest, *actual)
    for name, a, b in zip((a.name for a in nest.arguments), actual, expected, strict=True):
        if isinstance(a, np.ndarray):
            same = a.tobytes() == b.tobytes() or np.array_equal(a, b, equal_nan=True)
            assert same, f"{name}:\n{a}\nPython has:\n{b}\n{nest}"
    return nest


def floats(*shape: int, seed: int = 1) -> np.ndarray:
    """Random numbers of both signs."""
    return np.random.default_rng(seed).normal(size=shape)


def integers(*shape: int, seed: int = 1) -> np.ndarray:
    """Random 32-bit integers of both signs."""
    return np.random.default_rng(seed).integers(-9, 10, size=shape).astype(np.int32)
