"""Plain Python functions of numbers, read in the place of their calls."""

import numpy as np
import pytest
from parsing import define, same_as_python

from polyopt.errors import UnsupportedSyntaxError

SCALE = 3.0


def clamp(x, top=1.0):
    """Below `top`."""
    if x > top:
        return top
    return x


def smooth(a, b, *, weight=0.25):
    t = a * weight
    t += b * (1 - weight)
    return t


def scaled(x):
    return clamp(x) * SCALE


def sign(x):
    if x > 0:
        s = 1.0
    elif x < 0:
        s = -1.0
    else:
        s = 0.0
    return s * abs(x)


def hidden(v):
    return v[0]


def looped(x):
    for _ in range(3):
        x = x * 2
    return x


def open_ended(x):
    y = x * 2
    if y > 0:
        y = 1.0


def itself(x):
    return itself(x - 1)


def starred(*x):
    return x


HELPERS = {f.__name__: f for f in
           (clamp, smooth, scaled, sign, hidden, looped, open_ended, itself, starred)}  # fmt: skip


def run(line, kind=np.float64):
    function = define(f"def f(n, x, v, w):\n    for i in range(n):\n        {line}\n", **HELPERS)
    v, w = (np.random.default_rng(s).normal(size=6).astype(kind) for s in (1, 2))
    return same_as_python(function, 6, 0.7, v, w)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(
    "line",
    [
        "v[i] = clamp(w[i], 0.5)",
        "v[i] = clamp(w[i], top=v[i])",
        "v[i] = smooth(v[i], w[i])",
        "v[i] = smooth(b=v[i], a=w[i], weight=0.5) + i",
        "v[i] = sign(w[i]) * w[i]",
        "v[i] += smooth(clamp(w[i], v[i]), sign(w[i]))",
        "x = clamp(w[i], w[i]); v[i] = clamp(x, v[i])",
        "v[i] = clamp(i, 3)",
    ],
)
def test_calls_are_read_in_place(line, kind):
    run(line, kind)


def test_a_helpers_globals_are_its_own():
    nest = run("SCALE = 2.0; v[i] = scaled(w[i]) + SCALE")
    assert any(name.endswith("SCALE") for name, _ in nest.captured)
    assert any(name == "scaled" for name, _ in nest.captured)


REFUSED = {
    "v[i] = looped(w[i])": "a helper such as looped has assignments to names, if and return",
    "v[i] = hidden(w[i])": "v is no array, so it has no elements",
    "v[i] = hidden(v)": "v is an array",
    "v[i] = open_ended(w[i])": "does not return a value on every way through it",
    "v[i] = itself(w[i])": "itself calls itself",
    "v[i] = starred(w[i])": "takes numbers, each by its place or its name",
    "v[i] = clamp()": "this call of the helper clamp does not fit: missing a required argument",
    "v[i] = clamp": "clamp is a function or a type, not a number",
    "v[i] = clamp(w[i], 2.5) * x": "depends on data",
}


@pytest.mark.parametrize(("line", "message"), list(REFUSED.items()))
def test_what_is_more_than_a_formula_is_refused(line, message):
    kind = np.float32 if "2.5" in line else np.float64
    with pytest.raises(UnsupportedSyntaxError) as caught:
        run(line, kind)
    assert message in str(caught.value)
