"""The roofline: measured kernels under what this machine can do, by operations per byte.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model" (2009). The
bytes of a kernel are the least that must move: where more do, its true place is further left. Data
that stay in caches may lie above the roof of memory.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from polyopt.errors import BadArgumentError
from polyopt.explore.picture import Picture
from polyopt.explore.plane import Entry, legend
from polyopt.explore.shapes import Dots, Label, Line, Point, Shape
from polyopt.explore.style import FAINT, FILLS, GREY, INK, MARKS, RED, SIZE, text_width
from polyopt.kernel import Kernel, Specialization
from polyopt.machine import available_cores
from polyopt.model.summing import symbol

_REPEATS = 5
_LEFT, _TOP, _WIDTH, _HEIGHT, _EDGE = 74.0, 64.0, 420.0, 300.0, 16.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a machine can do: operations a second on doubles, and bytes a second from memory."""

    operations: float
    bandwidth: float

    def at(self, intensity: float) -> float:
        """The most operations a second at so many operations per byte."""
        return min(self.operations, intensity * self.bandwidth)


@dataclass(frozen=True, slots=True)
class Measured:
    """A kernel's call: its operations and bytes by `spec.cost()`, and its time."""

    name: str
    operations: float
    bytes: float
    seconds: float

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.operations / self.bytes

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


@cache
def limits() -> Limits:
    """This machine's limits, measured once: a matrix product by NumPy's BLAS, and sums of arrays
    much larger than its caches on all cores. Takes about a second."""
    n = 1024
    a, b = np.ones((n, n)), np.ones((n, n))
    c = np.empty((n, n))
    product = min(_seconds(lambda: np.matmul(a, b, out=c)) for _ in range(_REPEATS))
    cores, length = available_cores(), 1 << 22
    parts = [tuple(np.ones(length) for _ in range(3)) for _ in range(cores)]
    with ThreadPoolExecutor(cores) as pool:

        def sums() -> None:
            list(pool.map(lambda p: np.add(p[0], p[1], out=p[2]), parts))

        traffic = min(_seconds(sums) for _ in range(_REPEATS))
    return Limits(2.0 * n**3 / product, 24.0 * length * cores / traffic)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(name: str, kernel: Kernel | Specialization, arguments: Sequence[object]) -> Measured:
    """Time a kernel's call on copies of some arguments, the best of a few.

    Raises BadArgumentError for what is no kernel or has no arithmetic, and as a call does.
    """
    spec = kernel.specialize(*arguments) if isinstance(kernel, Kernel) else kernel
    if not isinstance(spec, Specialization):
        raise BadArgumentError(
            f"a roofline is of kernels with the arguments of a call, and {name} is {kernel!r}"
        )
    sizes = _sizes(spec, arguments)
    cost = spec.cost()
    operations, traffic = (float(f.subs(sizes).doit()) for f in (cost.operations, cost.bytes))
    if not operations or not traffic:
        raise BadArgumentError(f"{name} has no arithmetic on arrays to be drawn under a roofline")
    spec.prepare()
    best = math.inf
    for _ in range(_REPEATS):
        mine = copy.deepcopy(tuple(arguments))
        best = min(best, _seconds(partial(spec, *mine)))
    return Measured(name, operations, traffic, best)


def _sizes(spec: Specialization, arguments: Sequence[object]) -> dict[object, int]:
    """The values of the sizes at a call, by their symbols."""
    given = dict(zip((a.name for a in spec.scop.arguments), arguments, strict=True))
    values: dict[object, int] = {}
    for parameter in spec.scop.parameters:
        kind, name, dimension = parameter.origin
        shape = np.asarray(given[name]).shape
        value = shape[dimension] if kind == "extent" else int(np.asarray(given[name]))
        values[symbol(parameter.name)] = value
    return values


def roofline(
    measured: Mapping[str, tuple[Kernel | Specialization, tuple[object, ...]] | Measured],
    machine: Limits | None = None,
) -> Picture:
    """Measured kernels under the roofline of this machine, on logarithmic axes.

    `po.explore.roofline({"matmul": (matmul, (C, A, B))})`    →    a point under two lines

    Each kernel is given with the arguments of a call, or as what was measured before. Raises
    BadArgumentError where there is none, and as `measure` does.
    """
    if not isinstance(measured, Mapping) or not measured:
        raise BadArgumentError(
            'a roofline is of kernels by name, as {"matmul": (matmul, (C, A, B))}, '
            f"and this is {measured!r}"
        )
    found = [
        value if isinstance(value, Measured) else measure(name, value[0], value[1])
        for name, value in measured.items()
    ]
    return _page(found, machine or limits())


# ---- the page --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scale:
    """Logarithmic axes: powers of ten between which all lies."""

    x: tuple[int, int]
    y: tuple[int, int]

    def at(self, intensity: float, rate: float) -> Point:
        """The pixel of a point."""
        across = (math.log10(intensity) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(rate) - self.y[0]) / (self.y[1] - self.y[0])
        return _LEFT + across * _WIDTH, _TOP + (1 - up) * _HEIGHT


def _page(found: Sequence[Measured], machine: Limits) -> Picture:
    ridge = machine.operations / machine.bandwidth
    xs = [*(m.intensity for m in found), ridge / 4, ridge * 4]
    scale_x = _powers(xs)
    ends = [machine.at(10.0**k) for k in scale_x]
    scale = _Scale(scale_x, _powers([*(m.rate for m in found), *ends]))
    roof = [scale.at(x, machine.at(x)) for x in (10.0 ** scale_x[0], ridge, 10.0 ** scale_x[1])]
    shapes: list[Shape] = [*_axes(scale), Line(tuple(roof), RED, 2.4, name="roof")]
    entries = [
        Entry(f"memory: {machine.bandwidth / 1e9:.3g} GB/s,", colour=RED, width=2.4, arrow=False),
        Entry(f"arithmetic: {machine.operations / 1e9:.3g} GFLOP/s"),
    ]
    lines = []
    for number, each in enumerate(found):
        mark, fill = MARKS[number % len(MARKS)], FILLS[number % len(FILLS)]
        spot = scale.at(each.intensity, each.rate)
        shapes.append(Dots((spot,), mark, 6.5, fill, INK, 1.2, name=each.name))
        part = each.rate / machine.at(each.intensity)
        how = f"{part:.0%} of the roof" if part <= 1 else "from caches, above the roof of memory"
        text = f"{each.name}: {each.rate / 1e9:.3g} GFLOP/s, {how}"
        entries.append(Entry(text, mark, fill))
        lines.append(f"  {text}, {each.intensity:.3g} operations per byte")
    title = "roofline of this machine"
    keys, (right, low) = legend(entries, _LEFT + _WIDTH + 24, _TOP + 8)
    head = Label((_EDGE, 22), title, SIZE + 2, bold=True)
    width = max(right, text_width(title, SIZE + 2, bold=True)) + _EDGE
    height = max(low + _EDGE, _TOP + _HEIGHT + 50)
    text = "\n".join([title, f"  {entries[0].text} {entries[1].text}", *lines])
    return Picture(title, text, round(width), round(height), (head, *shapes, *keys))


def _powers(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _axes(scale: _Scale) -> Iterator[Shape]:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    for power in range(scale.x[0], scale.x[1] + 1):
        (x, _) = scale.at(10.0**power, 10.0 ** scale.y[0])
        yield Line(((x, _TOP), (x, bottom)), FAINT, 1)
        yield Label((x, bottom + 16), f"{10.0**power:g}", anchor="middle", colour=GREY)
    for power in range(scale.y[0], scale.y[1] + 1):
        (_, y) = scale.at(10.0 ** scale.x[0], 10.0**power)
        yield Line(((_LEFT, y), (right, y)), FAINT, 1)
        yield Label((_LEFT - 8, y + 4), f"{10.0 ** (power - 9):g}", anchor="end", colour=GREY)
    yield Line(((_LEFT, _TOP), (_LEFT, bottom), (right, bottom)), GREY, 1.2)
    middle = (_LEFT + right) / 2
    yield Label((middle, bottom + 36), "operations per byte", anchor="middle", bold=True)
    yield Label((_EDGE, _TOP - 14), "GFLOP/s", bold=True)
