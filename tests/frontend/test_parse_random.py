"""Random kernels: what is accepted means what Python means; what is refused is refused in words."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsing import define, floats, integers, nest_of, run_python, same_as_python

from polyopt.errors import NotAffineError, UnsupportedSyntaxError
from polyopt.frontend import parse

FLOATS = ["s", "t", "v[{i}]", "v[-1]", "A[{i}, {j}]", "x", "0.5", "2", "{i}", "n", "k", "m"]
CONDITIONS = [
    "{i} > 1", "n % 2 == 0", "{i} == {j}", "v[{i}] > 0", "s < t", "flag", "not flag", "I[{i}] > 2",
    "0 < {i} < n - 1", "k > 1", "m > 2", "I[{i}]", "b",
]  # fmt: skip
OPERATORS = ["+", "-", "*"]
TARGETS = ["s", "t", "v[{i}]", "A[{i}, {j}]", "v[n - 1 - {i}]", "w[{i}]"]
INTEGERS = ["{i}", "n", "k", "m", "1", "I[{i}]", "n // 2", "{i} % 2"]


@st.composite
def expressions(draw, depth=2):
    """A number."""
    kind = draw(st.integers(0, 6)) if depth else 0
    if kind <= 2:
        return draw(st.sampled_from(FLOATS))
    left, right = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    if kind == 3:
        return f"({left} if {draw(conditions())} else {right})"
    if kind == 4:
        return f"{draw(st.sampled_from(['min', 'max']))}({left}, {right})"
    return f"({left} {draw(st.sampled_from(OPERATORS))} {right})"


@st.composite
def conditions(draw):
    """A truth value."""
    first = draw(st.sampled_from(CONDITIONS))
    if draw(st.integers(0, 2)):
        return first
    return f"({first} {draw(st.sampled_from(['and', 'or']))} {draw(st.sampled_from(CONDITIONS))})"


@st.composite
def assignments(draw):
    """One statement without a suite."""
    kind = draw(st.integers(0, 6))
    if kind <= 1:
        return f"{draw(st.sampled_from(TARGETS))} = {draw(expressions())}"
    if kind == 2:
        operator = draw(st.sampled_from(OPERATORS))
        return f"{draw(st.sampled_from(TARGETS))} {operator}= {draw(expressions())}"
    if kind == 3:
        return f"{draw(st.sampled_from(['k', 'm']))} = {draw(st.sampled_from(INTEGERS))}"
    if kind == 4:
        target, operator = draw(st.sampled_from(["k", "m", "I[{i}]"])), draw(st.sampled_from("+-"))
        return f"{target} {operator}= {draw(st.sampled_from(INTEGERS))}"
    if kind == 5:
        return f"b = {draw(conditions())}"
    return (
        f"s, {draw(st.sampled_from(TARGETS[1:]))} = {draw(expressions(1))}, {draw(expressions(1))}"
    )


@st.composite
def suites(draw, depth):
    """Lines of statements."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 3)) if depth else 0
        if kind <= 1:
            lines.append(draw(assignments()))
        elif kind == 2:
            lines.append(f"if {draw(conditions())}:")
            lines += ["    " + line for line in draw(suites(depth - 1))]
            if draw(st.booleans()):
                lines += ["else:", *("    " + line for line in draw(suites(depth - 1)))]
        else:
            bounds = draw(st.sampled_from(["n", "1, n", "n - 1, -1, -1", "0, n, 2", "k", "m"]))
            lines.append(f"for L in range({bounds}):")
            lines += ["    " + line for line in draw(suites(depth - 1))]
    return lines


def named(lines):
    """Loop variables by depth: `i`, `j` stand for the innermost ones, constants outside loops."""
    variables: list[tuple[int, str]] = []
    result = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        while variables and variables[-1][0] >= indent:
            variables.pop()
        inner = [name for _, name in reversed(variables)] + ["0", "1"]
        result.append(line.replace("{i}", inner[0]).replace("{j}", inner[1]))
        if line.lstrip().startswith("for L"):
            name = "ijklpq"[len(variables)] + "0"
            result[-1] = result[-1].replace("for L", f"for {name}")
            variables.append((indent, name))
    return result


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(suites(3), st.integers(2, 5), st.integers(0, 3))
def test_random_kernels(lines, n, seed):
    start = ["s = 0.5", "t = 1.5", "k = 0", "m = n - 1", "b = False"]
    body = "\n".join("    " + line for line in [*start, *named(lines)])
    function = define(f"def f(n, x, flag, A, v, w, I):\n{body}\n")
    arguments = (
        n, 0.75, bool(seed % 2), floats(n, n, seed=seed), floats(n, seed=seed + 5),
        np.zeros(n), integers(n, seed=seed),
    )  # fmt: skip
    try:
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        run_python(function, *copies)
    except (IndexError, OverflowError, ValueError):
        return
    try:
        same_as_python(function, *arguments)
    except (UnsupportedSyntaxError, NotAffineError):
        return


CIRCLE = """
def f(n, x, A, v, w, I):
    s = 0.5
    t = 1.5
    k = 0
    m = n - 1
    b = False
    if b and 0 > 1:
        for i in range(n):
            k = i
            s = m
    if b:
        if s < t:
            if v[0] > 0:
                b = I[0]
                s, v[0] = n * A[0, 1], (x if (k > 1 and m > 2) else v[0])
    else:
        s -= max((k if k > 1 else v[-1]), s)
"""


def test_types_that_follow_one_another_in_a_circle_are_refused():
    arguments = 2, 0.75, floats(2, 2), floats(2), np.zeros(2), integers(2)
    with pytest.raises(UnsupportedSyntaxError, match="the type of a value here depends on data"):
        same_as_python(define(CIRCLE), *arguments)


def test_a_branch_that_assigns_its_own_condition():
    """What the branch assigns decides whether it is read, and back."""
    for value in ("v[0] > 0", "(0 > 1 and w[0])"):
        text = f"def f(v, w):\n    b = False\n    if b:\n        b = {value}\n"
        same_as_python(define(text), floats(2), integers(2))


def test_rounds_have_an_end(monkeypatch):
    monkeypatch.setattr(parse, "MAX_ROUNDS", 1)
    with pytest.raises(UnsupportedSyntaxError) as caught:
        nest_of(
            define("def f(v):\n    t = 1\n    for i in range(2):\n        t += v[i]\n"), floats(2)
        )
    assert str(caught.value).startswith(
        "the types of local scalars here follow from one another in a circle.\n"
        "  Give each of them values of one type. ("
    )
