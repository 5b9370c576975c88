"""Random kernels that gather, scatter and loop over data, with index arrays good and bad.

The oracle is the plain Python function on arrays that refuse any subscript outside 0 … extent - 1.
"""

from __future__ import annotations

import inspect
import random
from collections import Counter
from typing import Any

import numpy as np

import polyopt as po

LOOP = "for k in range(ptr[i], ptr[i + 1]):\n"
SINGLE = (
    "y[i] = y[i] + x[idx[i]]",
    "y[i] += x[idx[i]] * x[alt[i]]",
    "z[idx[i]] += y[i]",
    "z[idx[i]] = y[i] * 2.0",
    "z[idx[i]] = z[alt[i]] + 1.0",
    "h[idx[i]] += 1",
    "if idx[i] >= 0:\n    y[i] += x[idx[i]]",
    "if y[i] > 0.5:\n    z[idx[i]] += x[alt[i]]",
    "if idx[i] >= 0 and idx[i] < m:\n    z[idx[i]] -= y[i]",
    "y[i] = x[idx[i]] if idx[i] >= 0 and idx[i] < m else -1.0",
    "y[i] += x[idx[i]] if y[i] > 0.25 else x[alt[i]]",
    "p = idx[i]\ny[i] -= x[p]\nz[p] += 0.5",
    "q = int(y[i] * 3.0)\nif q >= 0 and q < m:\n    z[q] += 1.0",
    "r = int(y[i] * 3.0)\nh[r] += 1",
    "y[i] += x[idx[i] - 1]",
    "y[i] += x[m - 1 - idx[i]]",
    "z[(idx[i] * 3) % m] += y[i]",
    "y[i] += x[alt[idx[i]]]",
    "if i % 2 == 0:\n    z[idx[i]] = y[i]",
    "for j in range(3):\n    C[i, j] += D[idx[i], j]",
    "for j in range(3):\n    D[idx[i], j] += C[i, j]",
    "for j in range(3):\n    C[i, j] = x[ell[i, j]]",
    "idx[i] = (idx[i] + 1) % m\ny[i] += x[idx[i]]",
    "alt[i] = idx[n - 1 - i]\nz[alt[i]] += 1.0",
    "s = 0.0\nfor k in range(ptr[i], ptr[i + 1]):\n    s += val[k] * x[col[k]]\ny[i] = s",
    "for k in range(ptr[i], ptr[i + 1]):\n    y[i] += val[k] * x[col[k]]",
    "for k in range(ptr[i], ptr[i + 1]):\n    z[col[k]] += val[k] * y[i]",
    "for k in range(ptr[i], ptr[i + 1]):\n    val[k] = x[col[k]] + y[i]",
    LOOP + "    for j in range(3):\n        C[i, j] += val[k] * D[col[k], j]",
    "for k in range(ptr[i], ptr[i + 1]):\n    if col[k] < i:\n        y[i] -= val[k] * x[col[k]]",
    "for k in range(ptr[i], ptr[i + 1]):\n    if k > i:\n        val[k] = 0.5 * val[k]",
    LOOP + "    for j in range(min(k, 3)):\n        C[i, j] += val[k]",
    "for k in range(ptr[i], ptr[i + 1], 2):\n    val[k] += 1.0",
    "for k in range(ptr[i + 1] - 1, ptr[i] - 1, -1):\n    y[i] = y[i] * 0.5 + val[k]",
    "for k in range(idx[i]):\n    y[i] += x[k]",
    "for k in range(idx[i], m):\n    z[k] += y[i]",
    "begin = ptr[i]\nend = ptr[i + 1]\nfor k in range(begin, end):\n    h[col[k]] += i",
    "for k in range(ptr[i], ptr[i + 1]):\n    y[i] = max(y[i], val[k])",
    LOOP + "    t = val[k]\n    for j in range(3):\n        t += C[i, j]\n    val[k] = t",
    LOOP + "    t = x[col[k]]\n    if t > 0.5:\n        t = 0.0\n    y[i] += t",
    "for j in range(3):\n    D[idx[i], j] = C[i, j] + y[i]",
)
FACTS = (
    "po.monotone(ptr)",
    "po.injective(idx)",
    "po.within(idx, 0, m)",
    "po.within(idx, 1, m)",
    "po.within(idx, m, 3 * m)",
    "po.within(alt, 0, m)",
    "po.within(alt, -1, m + 1)",
    "po.within(col, 0, m)",
    "po.within(ptr, 0, val.shape[0] + 1)",
    "po.within(ptr, 0, 5)",
)
BETWEEN = ("y[i] = y[i] * 1.5", "z[m - 1] += 1.0", "h[0] += i")
HEAD = """\
def kernel(x, y, z, h, C, D, idx, alt, ell, ptr, col, val):
    n = y.shape[0]
    m = x.shape[0]
"""


def text_of(chance: random.Random) -> str:
    """A kernel of one or two loops, each of one to three statements."""
    lines = []
    for _ in range(chance.choice((1, 1, 2))):
        lines.append("    for i in range(n):")
        bodies = [chance.choice(SINGLE) for _ in range(chance.choice((1, 1, 2)))]
        if chance.random() < 0.3:
            bodies.insert(chance.randrange(len(bodies) + 1), chance.choice(BETWEEN))
        lines += ["        " + line for body in bodies for line in body.split("\n")]
    body = "\n".join(lines) + "\n"
    fixed = [f for f in FACTS if f"{f[f.index('(') + 1 :][:3]}[i] = " not in body]
    facts = chance.sample(fixed, chance.choice((0, 0, 1, 1, 2, 3)))
    return HEAD + "".join(f"    po.assume({fact})\n" for fact in facts) + body


def examine(seed: int, amount: int = 12) -> Counter[str]:
    """Compare one program on some data, good and bad; what the calls came to."""
    chance = random.Random(seed)
    text = text_of(chance)
    options = {
        "schedule": chance.choice(("auto", "auto", "source")),
        "target": chance.choice(("openmp", "c")),
        "fp": chance.choice(("strict", "strict", "reassociate")),
    }
    types = index_types(chance)
    found: Counter[str] = Counter()
    try:
        kernel = po.kernel_from_text(text, scope={"po": po}, **options)
        for number in range(amount):
            exact = options["fp"] != "strict"
            made = data(chance, types, spoil=number % 2 == 1, exact=exact)
            found[compare(kernel, made, kernel)] += 1
    except po.UnsupportedSyntaxError as error:
        if "and the kernel writes that" not in str(error):  # a range that is read from data
            raise
        found["not in the language"] += 1
    except BaseException as error:
        error.add_note(f"seed {seed}, {options}:\n{text}")
        raise
    return found


def index_types(chance: random.Random) -> tuple[type, type, type]:
    """The element types of the index arrays of one program."""
    kinds = (np.int32, np.int64, np.int64, np.uint32, np.int16)
    return chance.choice(kinds), *(chance.choice((np.int32, np.int64)) for _ in range(2))


def data(
    chance: random.Random, types: tuple[type, type, type], *, spoil: bool, exact: bool = False
) -> tuple[np.ndarray, ...]:
    """Arguments, where `spoil` with one index array that has a bad element somewhere, and where
    `exact` with eighths: sums and products of a few are then the same in any order."""
    n, m, q = chance.choice((0, 1, 2, 5, 17)), chance.choice((1, 2, 7)), chance.choice((0, 1, 24))
    make = np.random.default_rng(chance.randrange(1 << 30))
    cuts = np.sort(make.integers(0, q + 1, max(n - 1, 0)))
    ptr = np.concatenate([[0], cuts, [q]])[: n + 1].astype(types[1])
    index = {
        "idx": make.integers(0, m, n).astype(types[0]),
        "alt": make.integers(0, m, max(n, m)).astype(np.int64),
        "ell": make.integers(0, m, (n, 3)).astype(np.int32),
        "ptr": ptr,
        "col": make.integers(0, m, q).astype(types[2]),
    }
    if spoil:
        bad = index[chance.choice(tuple(index))]
        if bad.size:
            odd = chance.choice((-1, m, m + 1, -(2**31), 2**31 - 1, -(2**63), 2**63 - 1, q + 1))
            limits = np.iinfo(bad.dtype)
            bad.flat[chance.randrange(bad.size)] = min(max(odd, limits.min), limits.max)
    sizes, h = (m, n, m, q, (n, 3), (m, 3)), np.zeros(m, np.int64)
    x, y, z, val, C, D = (
        make.integers(0, 8, size) / 8 if exact else make.random(size) for size in sizes
    )
    return x, y, z, h, C, D, *index.values(), val


class Bounded:
    """An array that takes no subscript from its end."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape = array.shape

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return self.array

    def _checked(self, place: Any) -> Any:
        for p, extent in zip(
            place if isinstance(place, tuple) else (place,), self.shape, strict=True
        ):
            if not 0 <= p < extent:
                raise IndexError(place)
        return place

    def __getitem__(self, place: Any) -> Any:
        return self.array[self._checked(place)]

    def __setitem__(self, place: Any, value: Any) -> None:
        self.array[self._checked(place)] = value


class EndlessError(Exception):
    """A loop over data that would run for too long."""


def limited_range(*bounds: int) -> range:
    """`range`, but for loops that a bad index array makes endless."""
    made = range(*map(int, bounds))
    if (made.stop - made.start) // made.step > 10_000:
        raise EndlessError
    return made


def run_plain(kernel: po.Kernel, arguments: tuple[np.ndarray, ...]) -> str:
    """Run the plain function on the arguments; "" or what is wrong with them."""
    function = kernel.py_func
    function.__globals__["range"] = limited_range
    try:
        with np.errstate(all="ignore"):
            function(*(Bounded(a) for a in arguments))
    except IndexError:
        return "index"
    except EndlessError:
        return "endless"
    finally:
        del function.__globals__["range"]
    return ""


def _lie(call: Any, arguments: tuple[np.ndarray, ...]) -> str:
    """What a call says of its assumptions; "" where they hold."""
    try:
        call(*arguments)
    except po.AssumptionError as error:
        return str(error)
    except po.BoundsError:
        pass
    return ""


def _check_lie(kernel: po.Kernel, arguments: tuple[np.ndarray, ...], message: str) -> None:
    """That an assumption which a call refuses does not hold."""
    named = dict(zip(inspect.signature(kernel.py_func).parameters, arguments, strict=True))
    fact = next(fact for fact in FACTS if fact in message)
    scope = {**named, "po": po, "m": len(named["x"])}
    assert not eval(fact, scope), message


def _refusal(call: Any, arguments: tuple[np.ndarray, ...]) -> str:
    """What a call says of its subscripts; "" where it has nothing against them."""
    try:
        call(*arguments)
    except po.BoundsError as error:
        return str(error)
    return ""


def compare(kernel: po.Kernel, arguments: tuple[np.ndarray, ...], call: Any) -> str:
    """Compare a call with the plain function: bit for bit, and a bad index refused, with nothing
    written unless the error says so."""
    plain, ours = (tuple(a.copy() for a in arguments) for _ in range(2))
    wrong = run_plain(kernel, plain)
    if wrong == "endless":
        return wrong
    message = _lie(call, tried := tuple(a.copy() for a in arguments))
    if message:
        _check_lie(kernel, arguments, message)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(tried, arguments, strict=True))
        return "assumption"
    message = _refusal(call, ours)
    if message:
        assert wrong, f"refused without need: {message}"
        if "Results are partial" in message:
            return "late"
        for before, after in zip(arguments, ours, strict=True):
            assert before.tobytes() == after.tobytes(), "written before the refusal"
        return "refused"
    assert not wrong, f"not refused, and Python finds: {wrong}"
    for one, other in zip(plain, ours, strict=True):
        assert one.tobytes() == other.tobytes(), f"{one} is not {other}"
    return "same"
