"""A corpus of what the kernel language does not have: the exact text, line and columns.

`refusals.txt` holds one refusal after another: statements of a kernel, a line of carets under the
span that the error points at, and after `>>>` the error's class and text. The kernel around them
is `def f(n, x, flag, A, v, I)`: an int, a float, a bool, a matrix, a vector, integers.
"""

import ast
import enum
import os
import types
from pathlib import Path

import numpy as np
import pytest
from parsing import define, floats, integers, nest_of

import polyopt as po
from polyopt.errors import NotAffineError, PolyoptError, UnsupportedSyntaxError
from polyopt.frontend import constructs, dispatch
from polyopt.frontend.parse import annotated_types, parse
from polyopt.frontend.source import FunctionSource
from polyopt.model.symbols import symbols
from polyopt.model.types import ArrayType, f64

HEAD = "def f(n, x, flag, A, v, I):"
INDENT = 4
OUTSIDE = {
    "os": os,
    "HALF": 0.5,
    "NUMBER": 0.5,
    "NAME": "fast",
    "TABLE": np.zeros(3),
    "CONFIG": types.SimpleNamespace(n=3),
    "helper": abs.__call__,
    "K": symbols("K"),
}
CORPUS = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8")
ENTRIES = CORPUS.rstrip("\n").split("\n\n")


def take_apart(entry):
    """The kernel's text, the expected span (line, column, end column), class and message."""
    code, expected = entry.split("\n>>> ")
    kind, message = expected.split(": ", 1)
    lines = code.split("\n")
    (place,) = (n for n, line in enumerate(lines) if line.strip() and not line.strip("^ "))
    carets = lines.pop(place)
    start = carets.index("^") + INDENT
    body = [" " * INDENT + line for line in lines]
    span = (place + 1, start + 1, start + 1 + carets.count("^"))
    return "\n".join([HEAD, *body]), span, kind, message


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.split("\n")[0])
def test_refusal(entry):
    text, (line, column, end_column), kind, message = take_apart(entry)
    function = define(text, **OUTSIDE)
    arguments = 5, 0.5, True, floats(4, 4), floats(9), integers(9)
    with pytest.raises(PolyoptError) as caught:
        nest_of(function, *arguments)
    error = caught.value
    assert type(error).__name__ == kind
    assert error.msg == message
    assert (error.lineno, error.offset) == (line, column)
    assert error.filename == function.__code__.co_filename
    if error.end_lineno == error.lineno:
        assert error.end_offset == end_column


def test_the_corpus_is_large():
    assert len(ENTRIES) >= 100
    assert {"UnsupportedSyntaxError", "NotAffineError", "RankError"} == {
        take_apart(entry)[2] for entry in ENTRIES
    }


# ---- definitions -------------------------------------------------------------------------------


def read(function):
    source = FunctionSource.of(function)
    return parse(source, annotated_types(source) or {})


def refused(text, **names):
    """The refusal of a definition with annotations: message, line, column from 1."""
    function = define(text, po=po, **names)
    with pytest.raises(PolyoptError) as caught:
        read(function)
    return caught.value.msg, caught.value.lineno, caught.value.offset


def test_open_argument_lists():
    assert refused("def f(a, *rest):\n    pass") == (
        ("a kernel has a fixed list of arguments, and *rest is open.\n  Name every argument."),
        1,
        11,
    )
    assert refused("def f(**rest):\n    pass")[1:] == (1, 9)


def test_default_values_are_numbers():
    assert refused("def f(a=None):\n    pass") == (
        (
            "the default value None is not a number written out.\n"
            "  Write a number, or pass the argument."
        ),
        1,
        9,
    )


def test_annotations_are_all_or_none():
    assert refused("def f(a: float, b):\n    pass") == (
        (
            "either every argument has an annotation or none has, and b has none.\n"
            "  Annotate b, for example b: po.f64[N]."
        ),
        1,
        17,
    )


def test_annotations_state_types():
    assert refused("def f(a: np.ndarray):\n    pass") == (
        (
            "the annotation np.ndarray of a states no type of kernels.\n"
            "  Write po.f64[N, M] for an array, po.f64, float, int or bool for a scalar."
        ),
        1,
        10,
    )


def test_sizes_are_found_from_the_arguments():
    assert refused("def f(a: po.f64[N + 1]):\n    pass", N=symbols("N")) == (
        (
            "the size N cannot be found from the arguments: it occurs only in N + 1.\n"
            "  Let some extent be exactly N, or add an integer argument N."
        ),
        1,
        10,
    )


def test_coroutines_and_lambdas():
    assert refused("async def f(a):\n    pass") == (
        "a kernel is a plain function, and f is a coroutine.\n  Write def instead of async def.",
        1,
        1,
    )
    assert refused("f = lambda a: 0")[0] == (
        "a kernel is a function with statements, and a lambda has none.\n  Write it with def."
    )


@pytest.mark.parametrize("thing", [3, print, int, np.sqrt, FunctionSource.of])
def test_only_functions_are_kernels(thing):
    if thing is FunctionSource.of:
        thing = FunctionSource
    with pytest.raises(PolyoptError, match="a kernel is a Python function written with def, not"):
        FunctionSource.of(thing)


def test_a_function_without_source():
    scope = {}
    exec("def f(n):\n    pass", scope)
    with pytest.raises(PolyoptError, match=r"the source text of f cannot be found"):
        FunctionSource.of(scope["f"])


def test_annotations_that_cannot_be_evaluated():
    function = define("from __future__ import annotations\ndef f(a: po.f64[Q]):\n    pass", po=po)
    with pytest.raises(PolyoptError, match=r"text_\d+.py:2: the annotations of f cannot be evalu"):
        annotated_types(FunctionSource.of(function))


def test_a_closure_variable_that_is_not_assigned_yet():
    def outer():
        def f(v):
            v[0] = later

        source = FunctionSource.of(f)
        with pytest.raises(UnsupportedSyntaxError, match="the name later is not defined here"):
            parse(source, {"v": f64[...,]})
        later = 1.0
        return later

    outer()


def test_expressions_beyond_pythons_own_depth():
    function = define("def f(v):\n    v[0] = " + " + ".join(["v[0]"] * 900))
    with pytest.raises(UnsupportedSyntaxError, match="nested too deeply"):
        parse(FunctionSource.of(function), {"v": f64[...,]})


def test_arrays_of_rank_zero():
    function = define("def f(a):\n    a[()] = len(a)")
    with pytest.raises(UnsupportedSyntaxError, match="len takes the name of an array"):
        parse(FunctionSource.of(function), {"a": ArrayType(f64, ())})


def test_every_kind_of_syntax_is_read_or_refused():
    """No node of Python's grammar has neither a reader nor words of its own, up to tiny ones."""
    rewritten = {ast.While}
    known = {*rewritten, *constructs.CONSTRUCTS, *dispatch._EXPRESSIONS, *dispatch._STATEMENTS}
    kinds = {
        kind
        for base in (ast.stmt, ast.expr)
        for kind in base.__subclasses__()
        if kind.__module__ in {"ast", "_ast"}
    }
    internal = {"FormattedValue", "Interpolation", "TemplateStr", "TryStar", "TypeAlias"}
    assert {kind.__name__ for kind in kinds - known} <= internal


class Scaled(float):
    """A number that reckons otherwise."""

    def __mul__(self, other):
        return 1000.0


class Named(float):
    """A number with a name, that reckons as others do."""

    def __repr__(self):
        return "named"


class Wide(np.float64):
    """A number of NumPy's that reckons otherwise."""

    def __radd__(self, other):
        return 7.0


class Level(enum.IntFlag):
    HIGH = 3


@pytest.mark.parametrize("value", [Scaled(2.0), Wide(2.0), type("Sub", (Scaled,), {})(2.0)])
def test_a_captured_number_with_operators_of_its_own(value):
    kernel = po.kernel_from_text(
        "def f(x):\n    for i in range(len(x)):\n        x[i] = x[i] + G\n"
    )
    kernel.py_func.__globals__["G"] = np.float64(2.0)
    x = np.ones(3)
    kernel(x)  # the answer that is kept for a plain number is none for this one
    other = po.kernel_from_text("def f(x):\n    for i in range(len(x)):\n        x[i] = x[i] + G\n")
    other.py_func.__globals__["G"] = value
    with pytest.raises(UnsupportedSyntaxError) as caught:
        other(x)
    assert f"G is a {type(value).__name__}, whose class has operators of its own" in str(
        caught.value
    )
    assert x.tolist() == [3.0] * 3


@pytest.mark.parametrize("value", [Named(2.0), Level.HIGH, True, np.bool_(True), np.uint8(3)])
def test_a_captured_number_that_reckons_as_others(value):
    kernel = po.kernel_from_text(
        "def f(x):\n    for i in range(len(x)):\n        x[i] = x[i] + G\n"
    )
    kernel.py_func.__globals__["G"] = value
    x, y = np.ones(3), np.ones(3)
    kernel(x)
    kernel.py_func(y)
    assert x.tolist() == y.tolist()


LARGE = (2**41, -(2**41), 2**62, 2**63 - 1, -(2**63) + 1)


@pytest.mark.parametrize("number", LARGE)
@pytest.mark.parametrize(
    "text",
    [
        "x[{0}] = 1",
        "for i in range(n):\n        x[i + {0} - {0}] = 1",
        "for i in range({0}, {0} + n):\n        x[i - {0}] = 1",
        "for i in range(0, n, abs({0})):\n        x[i] = 1",
    ],
)
def test_integers_beyond_what_sums_of_sizes_may_hold(text, number):
    kernel = po.kernel_from_text(f"def f(n, x):\n    {text.format(f'({number})')}\n")
    with pytest.raises(NotAffineError, match=r"integers in it go up to 2\*\*40"):
        _ = kernel.specialize(int, po.f64[...]).scop


@pytest.mark.parametrize(
    "condition",
    ["2**62 * i + 2**62 < n", "n > i * 2**41", "0 < (2**30 * i) * 2**30", "i + (2**62 + 5) < n"],
)
def test_conditions_that_64_bits_may_not_hold(condition):
    kernel = po.kernel_from_text(
        f"def f(n, x):\n    for i in range(n):\n        if {condition}:\n            x[i] = 1\n"
    )
    with pytest.raises(NotAffineError, match=r"integers in it go up to 2\*\*40"):
        _ = kernel.specialize(int, po.f64[...]).scop


@pytest.mark.parametrize("number", LARGE)
def test_large_integers_in_conditions_and_data(number):
    kernel = po.kernel_from_text(
        "def f(n, x):\n    for i in range(n):\n"
        f"        if n < {number}:\n            x[i] = {number}\n"
    )
    x, y = np.ones(3), np.ones(3)
    kernel(3, x)
    kernel.py_func(3, y)
    assert x.tolist() == y.tolist()
