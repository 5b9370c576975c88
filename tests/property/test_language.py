"""Random programs of the newer constructs: types of integers, halves and pairs, helpers, kernels,
returns, while, break.

They have a stream of their own. Most are run by the interpreter of nests, a few are compiled under
the automatic schedule; both must give what Python gives, bit for bit.
"""

import copy
import itertools
import linecache
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import polyopt as po
from polyopt.frontend.parse import parse
from polyopt.frontend.source import FunctionSource
from polyopt.model.arguments import ReturnedTuple
from polyopt.model.types import ArrayType, ScalarType, c64, c128, f16, f64, i8, i64, u16

sys.path.append(str(Path(__file__).parents[1]))
import interpret

N = 6
TYPES = {
    "n": ScalarType(i64, weak=True),
    "v": ArrayType(f64, (None,)),
    "w": ArrayType(f64, (None,)),
    "I": ArrayType(i8, (None,)),
    "U": ArrayType(u16, (None,)),
    "h": ArrayType(f16, (None,)),
    "z": ArrayType(c128, (None,)),
    "c": ArrayType(c64, (None,)),
}
_numbers = itertools.count()


def clamp(x, top):
    if x > top:
        return top
    return x


@po.kernel(fp="strict", cache=False)
def first_above(a, x):
    for p in range(len(a)):
        if a[p] > x:
            return p
        a[p] += 0.125
    return len(a)


class Program:
    """The text of one program, drawn from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.loops = 0
        self.suite(4, (), 3, breaks=False)
        ending = self.random.choice(["return s", "return s, k", "return (k, n), s", "return k"])
        self.lines.append(f"    {ending}")
        self.lines = [line.replace("EARLY", ending) for line in self.lines]
        head = ["def f(n, v, w, I, U, h, z, c):", "    s = 0.0", "    k = 0"]
        self.text = "\n".join([*head, *self.lines]) + "\n"

    def at(self, variables):
        choices = ["0", "n - 1", *(v for v in variables for _ in range(3))]
        return self.random.choice(choices)

    def value(self, variables):
        p, q = self.at(variables), self.at(variables)
        return self.random.choice(
            [
                f"v[{p}] + w[{q}] * 0.5",
                f"np.maximum(v[{p}], w[{q}]) - s",
                f"clamp(w[{p}], 1.5)",
                f"np.where(I[{p}] > U[{q}], 0.25, w[{q}])",
                f"float(I[{p}] // 3) + U[{q}] % 5",
                f"abs(w[{p}]) if v[{q}] > 0 else s",
                f"h[{p}] * w[{q}]",
                f"z[{p}].real - c[{q}].imag * 0.5",
                f"float(abs(c[{p}])) + s",
            ]
        )

    def half(self, variables):
        """A value of 16 bits."""
        p, q = self.at(variables), self.at(variables)
        return self.random.choice(
            [
                f"h[{p}] * h[{q}] + np.float16(0.1)",
                f"h[{p}] / (abs(h[{q}]) + np.float16(0.5))",
                f"np.float16(w[{p}]) - I[{q}]",
                f"max(h[{p}], h[{q}]) % 1.5",
                f"np.sqrt(abs(h[{p}])) if U[{q}] > 300 else -h[{q}]",
                f"np.float16(c[{p}].real) + 0.25",
            ]
        )

    def pair(self, variables):
        """A complex value."""
        p, q = self.at(variables), self.at(variables)
        return self.random.choice(
            [
                f"z[{p}] * c[{q}] + 0.5j",
                f"c[{p}] * (0.25 - 1j) - h[{q}]",
                f"z[{p}].conjugate() + w[{q}]",
                f"c[{p}] / (c[{q}] + np.complex64(9 + 2j))",
                f"(v[{p}] - 2j * I[{q}]) * 0.125",
                f"z[{p}] if abs(z[{p}]) < 1 and z[{q}] != 0 else -z[{q}]",
                f"np.complex64(z[{p}]) ** 2",
            ]
        )

    def test(self, variables):
        p, q = self.at(variables), self.at(variables)
        return self.random.choice(
            [
                f"v[{p}] > w[{q}]",
                f"I[{p}] < 0",
                f"U[{p}] > 300 and s < 2",
                f"s > v[{p}]",
                "n > 3",
                f"h[{p}] < h[{q}]",
                f"abs(z[{p}]) > 1.5",
                f"c[{p}].imag >= 0",
            ]
        )

    def suite(self, depth, variables, most, *, breaks):
        for _ in range(self.random.randint(1, most)):
            self.statement(depth, variables, breaks)

    def statement(self, indent, variables, breaks):
        pad = " " * indent
        deep = indent >= 16
        kinds = ["store", "store", "sum", "bits", "half", "pair", "if", "call"]
        if not deep:
            kinds += ["for", "for", "while"]
        if breaks:
            kinds += ["break", "continue", "return"]
        kind = self.random.choice(kinds)
        p = self.at(variables)
        match kind:
            case "store":
                self.lines.append(f"{pad}{self.random.choice('vw')}[{p}] = {self.value(variables)}")
            case "sum":
                self.lines.append(f"{pad}s += v[{p}] * 0.25")
            case "call":
                self.lines.append(f"{pad}k = first_above({self.random.choice('vw')}, w[{p}])")
            case "bits":
                self.lines.append(
                    f"{pad}{self.random.choice('IU')}[{p}] += I[{self.at(variables)}]"
                )
            case "half":
                how = self.random.choice(["=", "=", "+=", "*="])
                self.lines.append(f"{pad}h[{p}] {how} {self.half(variables)}")
            case "pair":
                name = self.random.choice("zc")
                how = self.random.choice(["=", "=", "+=", "-="])
                self.lines.append(f"{pad}{name}[{p}] {how} {self.pair(variables)}")
            case "if":
                self.lines.append(f"{pad}if {self.test(variables)}:")
                self.suite(indent + 4, variables, 2, breaks=breaks)
                if self.random.random() < 0.5:
                    self.lines.append(f"{pad}else:")
                    self.suite(indent + 4, variables, 2, breaks=breaks)
            case "for":
                name = f"i{self.loops}"
                self.loops += 1
                ends = self.random.choice(["n", "1, n", "n - 1, -1, -1", "0, n, 2"])
                self.lines.append(f"{pad}for {name} in range({ends}):")
                self.suite(indent + 4, (*variables, name), 3, breaks=True)
            case "while":
                name = f"c{self.loops}"
                self.loops += 1
                self.lines += [
                    f"{pad}{name} = 0",
                    f"{pad}while {name} < 4 and {self.test(variables)}:",
                    f"{pad}    {name} += 1",
                ]
                self.suite(indent + 4, variables, 3, breaks=True)
            case _:
                self.lines += [
                    f"{pad}if {self.test(variables)}:",
                    f"{pad}    {'EARLY' if kind == 'return' else kind}",
                ]


def function_of(text):
    file = f"/language/{next(_numbers)}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np, "clamp": clamp, "first_above": first_above}
    exec(compile(text, file, "exec"), scope)
    return scope["f"]


def data(seed):
    rng = np.random.default_rng(seed)
    v, w = rng.normal(size=N), rng.normal(size=N)
    pairs = rng.normal(size=(2, N)) + 1j * rng.normal(size=(2, N))
    return [N, v, w, rng.integers(-128, 128, N).astype(np.int8),
            rng.integers(0, 600, N).astype(np.uint16), rng.normal(size=N).astype(np.float16),
            pairs[0], pairs[1].astype(np.complex64)]  # fmt: skip


def flat(result):
    if isinstance(result, tuple):
        return [value for item in result for value in flat(item)]
    return [result]


def interpreted(function, values):
    """The values after a run of the nest, and what it returns."""
    nest = parse(FunctionSource.of(function), TYPES)
    sizes = {p.name: N for p in nest.parameters}
    made = {
        a.name: np.zeros([e.evaluate(sizes) for e in a.type.extents], a.type.dtype.numpy)
        for a in nest.arguments
        if a.made
    }
    interpret.run(nest, *values, *made.values())
    known = dict(zip((a.name for a in nest.arguments), [*values, *made.values()], strict=True))

    def value(result):
        if isinstance(result, ReturnedTuple):
            return [v for item in result.items for v in value(item)]
        return [known[result.name] if result.scalar is None else known[result.name][0]]

    return value(nest.result)


def expected_of(function, values):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return flat(function(*values))


def same(left, right):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(left, right, strict=True))


def run_nest(seed):
    """Hold the interpreted nest of a program against Python."""
    text = Program(seed).text
    function, values = function_of(text), data(seed)
    actual = copy.deepcopy(values)
    returned = interpreted(function, actual)
    assert same(returned, expected_of(function, values)), text
    assert same(actual, values), text


def run_compiled(seed):
    """Hold a program compiled under the automatic schedule against Python."""
    text = Program(seed).text
    kernel = po.kernel(fp="strict", cache=False)(function_of(text))
    assert po.check(kernel, *data(seed)), text


def test_nests_compute_what_python_does():
    for seed in range(100):
        run_nest(seed)


@pytest.mark.parametrize("seed", range(1000, 1004))
def test_compiled_under_the_automatic_schedule(seed):
    run_compiled(seed)
