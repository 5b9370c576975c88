"""Numbers of subclasses count as the number that they hold; what objects say of themselves, or
raise when asked, changes no result and comes to nobody unexplained."""

import enum
from unittest import mock

import numpy as np
import pytest

import polyopt as po

N = po.symbols("N")


@po.kernel(schedule="source")
def free(n, a, x, y):
    for i in range(n):
        y[i] += a * x[i]


@po.kernel(schedule="source")
def declared(n: int, a: po.f64, x: po.f64[N], y: po.f64[N]):
    for i in range(n):
        y[i] += a * x[i]


def fail(*_args, **_kwargs):
    raise KeyError("of its own")


METHODS = ("int", "float", "index", "repr", "hash", "eq", "bool", "getattribute", "array")
BASES = (int, float, np.float64, np.float32, np.int64, np.int32)


def number(base, **members):
    return type("Odd", (base,), members)(2)


class Unequal(type):
    """A class of classes that cannot be compared or be keys."""

    __hash__ = __eq__ = fail


def odd_numbers(base):
    """Numbers of subclasses of a class, all 2."""
    yield from (number(base, **{f"__{name}__": fail}) for name in METHODS)
    yield number(base, __int__=lambda _: 3, __index__=lambda _: 3, __float__=lambda _: 9.0)
    yield number(base, dtype=property(fail), item=fail)
    yield Unequal("Odd", (base,), {})(2)
    if base is int:
        yield enum.IntEnum("Odd", {"TWO": 2}).TWO


@pytest.mark.parametrize("kernel", [free, declared], ids=["free", "declared"])
@pytest.mark.parametrize("base", BASES)
def test_the_number_that_they_hold(kernel, base):
    whole = base is int or issubclass(base, np.integer)
    takes = {"n": whole, "a": kernel is free or not issubclass(base, np.integer)}
    for name in (name for name, taken in takes.items() if taken):
        for value in odd_numbers(base):
            for call in (kernel, kernel._checked):
                y = np.ones(3, np.float64)
                call(**{"n": 2, "a": 2.0, "x": np.ones(3), "y": y, name: value})
                assert y.tolist() == [3.0, 3.0, 1.0]


class Liar:
    """An object that says that it is of another class."""

    def __init__(self, kind):
        self.kind = kind

    @property
    def __class__(self):
        return self.kind() if self.kind is fail else self.kind


def no_numbers():
    yield from map(Liar, (int, float, bool, np.ndarray, np.float64, fail))
    yield from (mock.MagicMock(spec=int), mock.MagicMock(spec=float), mock.Mock(spec=np.ndarray))
    yield Unequal("Odd", (), {})()
    yield type("Odd", (), {"__module__": 5})()
    for name in ("dtype", "shape", "flags"):
        yield type("Odd", (np.ndarray,), {name: property(fail)})(3)


@pytest.mark.parametrize("kernel", [free, declared], ids=["free", "declared"])
def test_what_they_say_they_are_is_not_asked(kernel):
    good = {"n": 2, "a": 2.0, "x": np.ones(3), "y": np.ones(3)}
    kernel(**good)
    for value in no_numbers():
        for name in good:
            for call in (kernel, kernel._checked, kernel.specialize):
                with pytest.raises(po.DtypeError, match=f"argument {name} is a"):
                    call(**{**good, name: value})
    assert good["y"].tolist() == [3.0, 3.0, 1.0]


def test_nor_is_it_of_out():
    @po.kernel
    def twice(x):
        y = np.zeros(x.shape[0])
        for i in range(x.shape[0]):
            y[i] = 2 * x[i]
        return y

    for value in no_numbers():
        for out in (value, (value,)):
            with pytest.raises(po.DtypeError, match="out for y is a"):
                twice(np.ones(3), out=out)


def test_names_of_arguments_that_do_not_compare():
    class Name(str):
        __slots__ = ()
        __eq__ = fail

        def __hash__(self):
            return str.__hash__(self)

    x, y = np.ones(3), np.ones(3)
    free(2, 2.0, x, y)
    with pytest.raises(KeyError, match="of its own"):
        free(2, 2.0, x, **{Name("y"): y})
