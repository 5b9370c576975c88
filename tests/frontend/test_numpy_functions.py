"""NumPy's functions of single numbers: types and values are NumPy's own."""

import itertools

import numpy as np
import pytest
from parsing import define, same_as_python

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend.messages import SCALAR_FUNCTIONS
from polyopt.frontend.numpy_calls import NUMPY_FUNCTIONS

OPERANDS = {
    "d[i]": np.array([0.3, -1.7, 0.0, -0.0, np.nan, np.inf]),
    "f[i]": np.array([0.1, -3.5, 0.0, -0.0, np.nan, -np.inf], np.float32),
    "I[i]": np.array([7, -2, 0, 3, -(2**31), 5], np.int32),
    "L[i]": np.array([9, -4, 0, 2, 2**40, 6]),
    "b[i]": np.array([True, False, True, False, True, True]),
    "x": 0.7,
    "n": 6,
    "2.5": None,
    "3": None,
}
HEAD = "def k(d, f, I, L, b, x, n, out):\n    for i in range(n):\n"


def agree(expression, dtype=np.float64):
    """Whether the expression is accepted; then it has NumPy's value, and in a product its type."""
    lines = [f"        out[0, i] = {expression}\n", f"        out[1, i] = ({expression}) * f[0]\n"]
    if "logical" in expression or "is" in expression:
        lines[1] = f"        out[1, i] = ({expression}) * 0.1\n"
    arguments = [v for v in OPERANDS.values() if v is not None]
    accepted = 0
    for line in lines:
        try:
            same_as_python(define(HEAD + line), *arguments, np.zeros((2, 6), dtype))
            accepted += 1
        except (UnsupportedSyntaxError, TypeError, ValueError, OverflowError):
            continue
    return accepted


def test_every_function_that_is_known_by_name_has_a_reader():
    assert set(SCALAR_FUNCTIONS) == set(NUMPY_FUNCTIONS)


@pytest.mark.parametrize("name", sorted(n for n, (k, _) in NUMPY_FUNCTIONS.items() if k == 1))
def test_functions_of_one_number(name):
    accepted = sum(agree(f"np.{name}({operand})") for operand in OPERANDS)
    assert accepted >= 4


@pytest.mark.parametrize("name", sorted(n for n, (k, _) in NUMPY_FUNCTIONS.items() if k == 2))
def test_functions_of_two_numbers(name):
    accepted = 0
    for left, right in itertools.product(("d[i]", "f[i]", "I[i]", "b[i]", "x", "3"), repeat=2):
        accepted += agree(f"np.{name}({left}, {right})", np.float32)
    assert accepted >= 4


@pytest.mark.parametrize(
    "sides",
    list(itertools.product(("d[i]", "f[i]", "I[i]", "b[i]", "x", "3"), repeat=2)),
    ids=",".join,
)
def test_where_and_clip(sides):
    left, right = sides
    assert agree(f"np.where(d[i] > 0, {left}, {right})") == 2 or "b" in left + right
    agree(f"np.clip({left}, {right}, 2)")
    agree(f"np.clip(0.5, {left}, {right})")


def test_types_that_hang_on_data_are_refused():
    for text in (
        "np.sqrt(max(f[i], 2.5))",
        "np.add(max(f[i], 2.5), 1)",
        "np.sign(max(f[i], d[i]))",
    ):
        with pytest.raises(UnsupportedSyntaxError, match="depends on data"):
            same_as_python(
                define(HEAD + f"        out[0, i] = {text}\n"),
                *(v for v in OPERANDS.values() if v is not None),
                np.zeros((2, 6)),
            )


REFUSED = {
    "np.sqrt(d[i], d[i])": "np.sqrt takes 1 argument here, not 2",
    "np.maximum(d[i])": "np.maximum takes 2 arguments here, not 1",
    "np.sqrt(d[i], out=d)": "np.sqrt takes plain positional arguments here",
    "np.negative(b[i])": "np.negative of values of these types",
    "np.gcd(d[i], 2)": "np.gcd of values of these types",
    "np.sum(d)": "NumPy's function np.sum is not part of the kernel language",
    "math.gcd(2, d[i])": "math.gcd takes integers, and here it is given a float",
}


@pytest.mark.parametrize(("text", "message"), list(REFUSED.items()))
def test_what_has_no_result_is_refused(text, message):
    arguments = [v for v in OPERANDS.values() if v is not None]
    function = define(HEAD + f"        out[0, i] = {text}\n")
    with pytest.raises(UnsupportedSyntaxError) as caught:
        same_as_python(function, *arguments, np.zeros((2, 6)))
    assert message in str(caught.value)
