"""Which assignments are reductions, and which are not."""

from __future__ import annotations

import linecache
import math

import pytest

import polyopt as po
from polyopt.model.show import show_expr

FLOATS, INTEGERS, BOOLS = po.f64[...], po.i32[...], po.bool_[...]


def reduction(text, type_=FLOATS, guard=""):
    """The reduction of one assignment to s[0] in a loop over i, as text."""
    body = f"        if {guard}:\n            {text}\n" if guard else f"        {text}\n"
    source = f"def k(n, s, x, y):\n    for i in range(n):\n{body}"
    file = f"/reductions/{abs(hash((text, guard)))}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = {"math": math}
    exec(compile(source, file, "exec"), scope)
    made = po.kernel(scope["k"]).specialize(int, type_, type_, type_)
    found = made.scop.statements[-1].reduction
    if found is None:
        return None
    return f"{found.op} {show_expr(found.operand)}{' exact' if found.exact else ''}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s[0] += x[i]", "add x[i]"),
        ("s[0] = s[0] + x[i]", "add x[i]"),
        ("s[0] = x[i] + s[0]", "add x[i]"),
        ("s[0] -= x[i]", "add -x[i]"),
        ("s[0] = s[0] + x[i] - y[i]", "add x[i] + -y[i]"),
        ("s[0] = x[i] + (s[0] + y[i])", "add y[i] + x[i]"),
        ("s[0] *= x[i]", "mul x[i]"),
        ("s[0] = min(s[0], x[i])", "min x[i]"),
        ("s[0] = max(s[0], x[i])", "max x[i]"),
        ("s[0] = x[i] if x[i] < s[0] else s[0]", "min x[i]"),
        ("s[0] = x[i] if s[0] > x[i] else s[0]", "min x[i]"),
        ("s[0] = x[i] if x[i] >= s[0] else s[0]", "max x[i]"),
        ("s[i] += x[i]", "add x[i]"),
    ],
)
def test_recognised_on_floats(text, expected):
    assert reduction(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "s[0] = x[i]",
        "s[0] = x[i] - s[0]",
        "s[0] /= x[i]",
        "s[0] += s[0]",
        "s[0] = s[0] + s[0] * x[i]",
        "s[0] = s[1] + x[i]",
        "s[0] = min(x[i], s[0])",
        "s[0] = s[0] if s[0] < x[i] else x[i]",
        "s[0] = s[0] * x[i] + y[i]",
        "s[0] = x[i] if y[i] < s[0] else s[0]",
        "s[0] = s[0] // x[i]",
    ],
)
def test_not_a_reduction_on_floats(text):
    assert reduction(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s[0] += x[i]", "add x[i] exact"),
        ("s[0] = min(x[i], s[0])", "min x[i] exact"),
        ("s[0] = s[0] if s[0] < x[i] else x[i]", "min x[i] exact"),
        ("s[0] = x[i] if x[i] < s[0] else s[0]", "min x[i] exact"),
        ("s[0] &= x[i]", "and x[i] exact"),
        ("s[0] |= x[i]", "or x[i] exact"),
        ("s[0] ^= x[i]", "xor x[i] exact"),
    ],
)
def test_exact_on_integers(text, expected):
    assert reduction(text, INTEGERS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s[0] = s[0] and x[i]", "and x[i] exact"),
        ("s[0] = s[0] or x[i]", "or x[i] exact"),
        ("s[0] = x[i] or s[0]", None),
    ],
)
def test_logical(text, expected):
    assert reduction(text, BOOLS) == expected


def test_a_guard_may_select_the_updates():
    assert reduction("s[0] += x[i]", guard="x[i] > 0") == "add x[i]"


def test_a_guard_that_reads_the_target_makes_no_reduction():
    assert reduction("s[0] += x[i]", guard="s[0] > 0") is None
