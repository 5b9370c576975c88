"""The page of the language is true: its constructs run, its refusals are made in these words."""

import linecache
import math
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

import polyopt as po

PAGE = (Path(__file__).parents[1] / "docs" / "language.md").read_text(encoding="utf-8")
KERNELS = re.findall(r"```python kernel\n(.*?)```", PAGE, flags=re.DOTALL)
REFUSED = re.findall(r"```python refused\n((?:(?!```).)*?)```\n> (\w+): ([^\n]*)", PAGE, re.DOTALL)


def clamp(x, top):
    if x > top:
        return top
    return x


def power(x, n):
    for _ in range(n):
        x = x * x
    return x


@po.kernel(fp="strict", cache=False)
def scale(x, a):
    for i in range(len(x)):
        x[i] *= a
    return x[0], x


def kernel_of(body):
    """The kernel with this body, as the page introduces its arguments."""
    text = "def f(n, m, x, A, B, v, w, u, I):\n" + textwrap.indent(body, "    ")
    file = f"/docs/{abs(hash(text))}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    helpers = {"clamp": clamp, "power": power, "scale": scale}
    scope = {"np": np, "math": math, "po": po, "SCALE": 2.0, **helpers}
    exec(compile(text, file, "exec"), scope)
    return po.kernel(fp="strict", cache=False)(scope["f"])


def arguments():
    rng = np.random.default_rng(1)
    n, m = 9, 11
    matrices = (rng.normal(size=(n, m)) for _ in range(2))
    vectors = (rng.normal(size=n) for _ in range(3))
    return [n, m, 0.5, *matrices, *vectors, rng.integers(-9, 9, n).astype(np.int32)]


def test_the_page_has_constructs_and_refusals():
    assert len(KERNELS) == PAGE.count("```python kernel")
    assert len(REFUSED) == PAGE.count("```python refused")
    assert len(KERNELS) >= 12


@pytest.mark.parametrize("body", KERNELS)
def test_a_construct_computes_what_python_does(body):
    kernel = kernel_of(body)
    expected, actual = arguments(), arguments()
    expected += flat(kernel.py_func(*expected))
    actual += flat(kernel(*actual))
    assert all(np.array_equal(a, b) for a, b in zip(actual, expected, strict=True))
    assert [type(a) for a in actual] == [type(b) for b in expected]


def flat(result):
    """What a function returned, as a list."""
    if isinstance(result, tuple):
        return [value for item in result for value in flat(item)]
    return [] if result is None else [result]


@pytest.mark.parametrize(("body", "kind", "text"), REFUSED)
def test_a_refusal_has_these_words(body, kind, text):
    with pytest.raises(po.PolyoptError) as caught:
        kernel_of(body)(*arguments())
    assert type(caught.value).__name__ == kind
    assert text
    said = getattr(caught.value, "msg", str(caught.value))  # of a call's errors: after the place
    assert said.partition(": ")[2].startswith(text) or said.startswith(text)
