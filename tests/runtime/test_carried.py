"""Kernels where Python has functions: as methods, as closures, and sent to other processes."""

import copy
import inspect
import multiprocessing
import pickle
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import polyopt as po

N = po.symbols("N")
OFFSET = 4.0


class Grid:
    def __init__(self, size, speed):
        self.u, self.size, self.speed = np.arange(float(size)), size, speed

    @po.kernel
    def step(self, dt, self_u=2.0):
        for i in range(1, self.size):
            self.u[i] += dt * self.speed * self.u[i - 1] * self_u

    @po.kernel
    def fill(self, x: po.f64[N], value: float = 1.5):
        for i in range(N):
            x[i] = value

    @staticmethod
    @po.kernel
    def double(x):
        for i in range(x.shape[0]):
            x[i] *= 2


def same(grid, call):
    """Runs a call on a grid as Python and as C; the two states."""
    other = copy.deepcopy(grid)
    call(grid, "kernel")
    call(other, "python")
    assert grid.u.tolist() == other.u.tolist()
    return grid.u


def step(grid, way, *args, **kwargs):
    (grid.step if way == "kernel" else grid.step.py_func)(*args, **kwargs)


def test_a_method_reads_attributes_at_each_call():
    grid = Grid(6, 2.0)
    first = same(grid, lambda g, way: step(g, way, 0.5)).copy()
    grid.speed = 3  # another type too
    second = same(grid, lambda g, way: step(g, way, dt=0.25, self_u=-1.0)).copy()
    assert first.tolist() != second.tolist()
    grid.u, grid.size = np.ones(9)[::2], 4
    same(grid, lambda g, way: step(g, way, 0.5))
    other = Grid(3, 1.0)
    same(other, lambda g, way: step(g, way, 1.0))
    assert grid.step.__self__ is grid
    assert repr(Grid.step) == "<kernel step(self, dt, self_u)>"
    assert repr(grid.step).startswith("<kernel Grid.step of <")


def test_a_method_without_attributes_keeps_its_annotations():
    x = np.zeros(3)
    with pytest.raises(po.DtypeError) as caught:
        Grid(1, 1.0).fill(np.zeros(3, np.float32))
    assert str(caught.value).startswith("fill: argument x is an array of f32, and it is declared")
    Grid(1, 1.0).fill(x, value=2.5)
    assert x.tolist() == [2.5] * 3


def test_static_methods_are_plain_kernels():
    x = np.ones(3)
    Grid.double(x)
    Grid(1, 1.0).double(x)
    assert x.tolist() == [4.0] * 3


def test_methods_specialise_and_explain():
    spec = Grid(6, 2.0).step.specialize(0.5)
    assert spec.name == "step"
    assert "self.u[i] += dt * self.speed" in spec.source


@dataclass
class Odd:
    data: object

    @po.kernel
    def stores(self, x):
        for i in range(len(x)):
            self.total = x[i]

    @po.kernel
    def calls(self, x):
        for i in range(len(x)):
            x[i] = self.value(i)

    @po.kernel
    def hands_on(self, x):
        for i in range(len(x)):
            x[i] = abs(self)

    @po.kernel
    def reads(self, x):
        for i in range(len(x)):
            x[i] = self.data

    @po.kernel
    def misses(self, x):
        for i in range(len(x)):
            x[i] = self.absent

    @po.kernel
    def alone():
        pass


def at(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    number, line = next((n, t) for n, t in enumerate(lines, 1) if t.strip().startswith(text))
    return number, line


STATIC = "Write @staticmethod above @po.kernel, and pass what it needs."


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        (
            "stores",
            po.UnsupportedSyntaxError,
            (
                "a kernel writes elements of arrays, and self.total is an attribute.\n"
                "  Keep it in an array of one element: self.total[0]."
            ),
        ),
        (
            "calls",
            po.UnsupportedSyntaxError,
            (
                "a kernel calls functions, and self.value belongs to an object.\n"
                "  Make value a function of the module, and pass it what it needs."
            ),
        ),
        (
            "hands_on",
            po.UnsupportedSyntaxError,
            (
                "hands_on is called on an object, and self is that: of it a kernel reads "
                f"attributes, as in self.data[i].\n  {STATIC}"
            ),
        ),
        (
            "misses",
            po.CallError,
            (
                "misses reads the attribute absent, which this Odd does not have: assign it before "
                "the call"
            ),
        ),
        (
            "reads",
            po.DtypeError,
            "reads: attribute self.data is None; kernels take arrays of",
        ),
    ],
)
def test_what_methods_do_not_do(name, error, text):
    x = np.ones(3)
    with pytest.raises(error) as caught:
        getattr(Odd(None), name)(x)
    assert text in str(caught.value)
    assert x.tolist() == [1.0] * 3
    if error is po.UnsupportedSyntaxError:
        assert (
            caught.value.lineno
            == {
                "stores": at("self.total = x[i]"),
                "calls": at("x[i] = self.value(i)"),
                "hands_on": at("x[i] = abs(self)"),
            }[name][0]
        )


def test_a_function_without_arguments_is_no_method():
    with pytest.raises(po.UnsupportedSyntaxError) as caught:
        Odd(None).alone()
    assert f"alone has no argument for the object that it is called on.\n  {STATIC}" in str(
        caught.value
    )


def test_attributes_are_not_passed():
    with pytest.raises(po.CallError) as caught:
        Grid(3, 1.0).step(0.5, self_size=3)
    assert str(caught.value) == "step reads the attribute size: do not pass self_size"


# ---- closures ------------------------------------------------------------------------------


def scaled(factor):
    @po.kernel(fp="strict")
    def scale(x):
        for i in range(x.shape[0]):
            x[i] = x[i] * factor + OFFSET

    return scale


def run(kernel, size=3):
    x = np.ones(size)
    kernel(x)
    return x.tolist()


READ_ONLY = np.broadcast_to(1.0, 3)
MEMORY = np.arange(5.0)


@pytest.mark.parametrize(
    ("u", "x", "text"),
    [
        ([1.0], np.ones(3), "ramp: attribute self.u is a list; .* bool: assign np.asarray(self.u)"),
        (
            READ_ONLY,
            np.ones(3),
            (
                "ramp: attribute self.u is read-only, and the kernel writes it: assign a writeable "
                "array, such as self.u.copy()"
            ),
        ),
        (
            np.ones(2),
            np.ones(3),
            (
                "test_carried.py:.*: S1 reads self.u[i], and the index i would leave its extent "
                "self.u.shape[0] in dimension 0 (here .*self.u.shape[0] = 2.*). Nothing .*"
            ),
        ),
        (
            MEMORY[:3],
            MEMORY[2:],
            (
                "ramp: arguments self.u and x overlap in memory, and the kernel writes self.u: "
                'pass x.copy(), or decorate the kernel with @po.kernel(alias="safe") to .*'
            ),
        ),
        (np.ones(3), None, "ramp: argument x is None; .*: pass a value for x"),
    ],
)
def test_refusals_speak_of_attributes(u, x, text):
    class Ramp:
        def __init__(self, u):
            self.u = u

        @po.kernel
        def ramp(self, x):
            for i in range(x.shape[0]):
                self.u[i] += x[i]

    with pytest.raises(po.PolyoptError) as caught:
        Ramp(u).ramp(x)
    assert re.fullmatch(".*".join(map(re.escape, text.split(".*"))), str(caught.value))


def test_closures_are_frozen_as_captured():
    two, three = scaled(2.0), scaled(3.0)
    assert [run(two), run(three), run(two)] == [[6.0] * 3, [7.0] * 3, [6.0] * 3]


def test_a_recursive_name_and_a_variable_without_value():
    def make():
        @po.kernel
        def late(x):
            for i in range(len(x)):
                x[i] = later

        if OFFSET < 0:
            later = 1.0
        return late

    with pytest.raises(po.UnsupportedSyntaxError, match="later"):
        run(make())
    assert pickle.loads(pickle.dumps(make())).__name__ == "late"


# ---- pickles -------------------------------------------------------------------------------


def test_what_has_a_name_is_pickled_by_it():
    assert pickle.loads(pickle.dumps(Grid.double)) is Grid.double
    assert copy.deepcopy(scale := scaled(2.0)) is scale
    assert copy.copy(scale) is scale


def test_closures_are_pickled_by_text_and_values():
    kernel = scaled(5.0)
    for _ in range(2):  # before its first call, and behind it
        there = pickle.loads(pickle.dumps(kernel))
        assert there is not kernel
        assert there.options == kernel.options
        assert (there.__name__, there.__qualname__) == ("scale", "scaled.<locals>.scale")
        assert inspect.getsource(there.py_func) == inspect.getsource(kernel.py_func)
        assert run(there) == run(kernel) == [9.0] * 3
        assert run(pickle.loads(pickle.dumps(there))) == [9.0] * 3


def test_options_travel():
    changed = Grid.double.with_options(fp="strict", threads=2)
    there = pickle.loads(pickle.dumps(changed))
    assert there.options == changed.options
    assert run(there) == [2.0] * 3


def test_texts_travel():
    kernel = po.kernel_from_text(
        "import numpy as np\nK = 3\ndef f(x):\n    for i in range(len(x)):\n"
        "        x[i] = np.sqrt(4.0) + K\n"
    )
    data = pickle.dumps(kernel)
    del kernel
    assert run(pickle.loads(data)) == [5.0] * 3


def test_methods_travel_with_their_objects():
    grid = Grid(4, 1.0)
    there = pickle.loads(pickle.dumps(grid.step))
    there(1.0)
    assert there.__self__.u.tolist() != grid.u.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_what_is_captured_must_travel_too():
    unknown = open  # no kernel may capture it, and pickle says its own word first
    made = po.kernel_from_text("def f(x):\n    x[0] = g(1)\n", scope={"g": lambda v: v + unknown})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(made)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_closures_in_a_pool_of_processes(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(run, [scaled(2.0), scaled(6.0)]) == [[6.0] * 3, [10.0] * 3]


# ---- without a file ------------------------------------------------------------------------


def test_code_without_text_is_referred_to_one():
    program = (
        "import polyopt as po\n"
        "try:\n"
        "    exec('@po.kernel\\ndef f(x):\\n    x[0] = 1\\n')\n"
        "except po.PolyoptError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "the source text of f cannot be found (could not get source code): a kernel is compiled "
        "from its text, so define it in a file or in a notebook cell, or give the text to "
        "po.kernel_from_text\n"
    )
