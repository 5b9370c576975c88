"""The oracle of schedules: loops executed on NumPy scalars, beside the plain Python function.

Iterations of parallel and vector loops run in a shuffled order, and each is watched: two of them
that touch one element of memory, one writing, are a race. Blocks start as rubbish, every access
must lie inside its array or block, and every block that is read or written back must be inside
its array.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from interpret import Machine

import polyopt as po
from polyopt.emit.loops import Comment, For, If, Instance, Loops, Node, Promote
from polyopt.emit.lower import lower
from polyopt.model.affine import evaluate_condition
from polyopt.model.expr import Expr, Load
from polyopt.transform.schedule import Schedule

Place = tuple[str, tuple[int, ...]]


_COMBINED = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


class RaceError(AssertionError):
    """Two iterations of a parallel or vector loop clash."""


class _Block:
    def __init__(self, node: Promote, origin: tuple[int, ...], data: np.ndarray) -> None:
        self.node, self.origin, self.data = node, origin, data

    def holds(self, statement: str, array: str, subscripts: Any) -> bool:
        if array != self.node.array:
            return False
        return not self.node.targets or (statement, subscripts) in self.node.targets

    def index(self, place: tuple[int, ...]) -> tuple[int, ...]:
        """The place inside the block."""
        inside = tuple(p - o for p, o in zip(place, self.origin, strict=True))
        shape = self.data.shape or (1,) * len(inside)
        assert all(0 <= p < n for p, n in zip(inside, shape, strict=True)), (
            f"{self.node.array}{place} is outside its block at {self.origin}, {shape}"
        )
        return inside if self.node.shape else ()


class _Running(Machine):
    """Executes loops: like the interpreter of nests, with blocks and a watch on memory."""

    def __init__(self, schedule: Schedule, arguments: tuple[Any, ...], seed: int) -> None:
        super().__init__(schedule.scop, arguments)  # type: ignore[arg-type]
        self.scop = schedule.scop
        self.chance = random.Random(seed)
        self.statement = ""
        self.blocks: list[_Block] = []
        self.watches: list[tuple[dict[Place, set[int]], dict[Place, set[int]], int]] = []
        self.now: list[int] = []
        self.copies = dict(self.scop.private)
        self.apart: tuple[str, ...] = ()
        self.threads = -1

    def run(self, loops: Loops) -> None:
        self.apart = loops.apart
        for node in loops.body:
            self.node(node)

    def node(self, node: Node) -> None:
        match node:
            case For():
                self.loop(node)
            case If(condition, then, otherwise):
                for child in then if evaluate_condition(condition, self.sizes) else otherwise:
                    self.node(child)
            case Instance():
                self.instance(node)
            case Promote():
                self.promote(node)
            case Comment():
                pass

    def loop(self, node: For) -> None:
        values = list(range(self.affine(node.lower), self.affine(node.upper), node.step))
        watched = node.parallel or node.vector
        if watched:
            self.chance.shuffle(values)
            self.watches.append(({}, {}, len(self.blocks)))
            self.now.append(0)
        outer, around = self.sizes.get(node.variable), self.threads
        threads = (node.parallel or node.pipeline) and around < 0
        self.threads = len(self.watches) if threads else around
        whole = {array: self.arrays[array] for array, _ in node.sums}
        parts: list[dict[str, np.ndarray]] = []
        for number, value in enumerate(values):
            if whole and number % 3 == 0:
                parts.append({a: _neutral(whole[a], op) for a, op in node.sums})
                self.arrays.update(parts[-1])
            self.sizes[node.variable] = value
            for array in self.apart if threads else ():
                self.arrays[array] = self._make(self.scop.array(array))
            if watched:
                self.now[-1] = value
            for child in node.body:
                self.node(child)
        self.arrays.update(whole)
        for array, op in node.sums:
            for part in parts:
                whole[array][...] = _COMBINED[op](whole[array], part[array])
        self.threads = around
        self.sizes.pop(node.variable, None)
        if outer is not None:
            self.sizes[node.variable] = outer
        if watched:
            self.now.pop()
            reads, writes, _ = self.watches.pop()
            for place, who in writes.items():
                if place[0] not in whole and len(who | reads.get(place, set())) > 1:
                    raise RaceError(f"{place} in {sorted(who)} of {node.loop}")

    def promote(self, node: Promote) -> None:
        origin = tuple(map(self.affine, node.origin))
        extents = list(node.shape)
        for dimension, span in node.spans:
            extents[dimension] = max(0, self.affine(span))
        shape = tuple(extents)
        data = _rubbish(shape, self.scop.dtype(node.array).numpy)
        places = [
            tuple(o + i for o, i in zip(origin, index, strict=True))
            for index in np.ndindex(*(shape or (1,) * len(origin)))
        ]
        block = _Block(node, origin, data)
        if node.ends:
            ends = tuple(map(self.affine, node.ends))
            places = [p for p in places if all(a < b for a, b in zip(p, ends, strict=True))]
        for factors, rest in node.limits:
            least = -self.affine(rest)
            held = [sum(f * e for f, e in zip(factors, p, strict=True)) for p in places]
            places = [p for p, value in zip(places, held, strict=True) if value >= least]
        if node.layout is not None:
            places = [p for p in places if self.exists(node.array, p)]
            for place in places:
                data[block.index(place)] = self.arrays[node.array][place]
        elif node.load:
            for place in places:
                data[block.index(place)] = self.get("", node.array, None, place)
        self.blocks.append(block)
        for child in node.body:
            self.node(child)
        self.blocks.pop()
        if node.store:
            for place in places:
                self.put("", node.array, None, place, data[block.index(place)])

    def instance(self, node: Instance) -> None:
        statement = self.scop.statement(node.statement)
        outer, values = self.sizes, tuple(map(self.affine, node.values))
        self.sizes = {**outer, **dict(zip(statement.iterators, values, strict=True))}
        self.statement = node.statement
        if statement.guard is None or self.value(statement.guard):
            value = self.value(statement.value)
            place = tuple(map(self.affine, statement.subscripts))
            self.put(node.statement, statement.array, statement.subscripts, place, value)
        self.sizes = outer

    def _value(self, expr: Expr) -> Any:
        if isinstance(expr, Load):
            place = tuple(map(self.affine, expr.subscripts))
            return self.get(self.statement, expr.array, expr.subscripts, place)
        return super()._value(expr)

    def holder(self, statement: str, array: str, subscripts: Any) -> tuple[int, _Block | None]:
        for depth in reversed(range(len(self.blocks))):
            if self.blocks[depth].holds(statement, array, subscripts):
                return depth, self.blocks[depth]
        return -1, None

    def get(self, statement: str, array: str, subscripts: Any, place: tuple[int, ...]) -> Any:
        depth, block = self.holder(statement, array, subscripts)
        place = self.cell(array, place)
        self.watch(0, depth, array, place)
        return (
            block.data[block.index(place)] if block else self.arrays[array][self.at(array, place)]
        )

    def put(self, statement: str, array: str, subscripts: Any, place: Any, value: Any) -> None:
        depth, block = self.holder(statement, array, subscripts)
        place = self.cell(array, place)
        self.watch(1, depth, array, place)
        if block:
            block.data[block.index(place)] = value
        else:
            self.arrays[array][self.at(array, place)] = value

    def watch(self, kind: int, depth: int, array: str, place: tuple[int, ...]) -> None:
        """Remember who touches what, where iterations share it; lanes have their partial sums."""
        packed = depth >= 0 and self.blocks[depth].node.layout is not None
        for number, watch in enumerate(self.watches):
            if packed:  # read from the array by a copy inside the loop, not by one outside
                if depth >= watch[2]:
                    watch[kind].setdefault((array, place), set()).add(self.now[number])
                continue
            own = depth >= watch[2] or (depth >= 0 and self.blocks[depth].node.reduction)
            own = own or (array in self.apart and number < self.threads)
            if not own:
                watch[kind].setdefault((array, place), set()).add(self.now[number])

    def cell(self, array: str, place: tuple[int, ...]) -> tuple[int, ...]:
        """The place in the one copy of a private array that a thread has."""
        is_array = bool(self.scop.array(array).shape)
        return place[self.copies.get(array, 0) :] if is_array else place

    def exists(self, array: str, place: tuple[int, ...]) -> bool:
        shape = self.arrays[array].shape
        return all(0 <= p < n for p, n in zip(place, shape, strict=True))

    def at(self, array: str, place: tuple[int, ...]) -> tuple[int, ...]:
        shape = self.arrays[array].shape
        if len(place) != len(shape) or any(
            not 0 <= p < n for p, n in zip(place, shape, strict=True)
        ):
            raise IndexError(f"{array}{place} lies outside {shape}")
        return place


def _neutral(array: np.ndarray, op: str) -> np.ndarray:
    if op in ("add", "mul"):
        return np.full_like(array, int(op == "mul"))
    least, most = (
        (-np.inf, np.inf)
        if array.dtype.kind == "f"
        else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
    )
    return np.full_like(array, most if op == "min" else least)


def _rubbish(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    unset = np.nan if dtype.kind == "f" else dtype.kind == "b" or 123456789
    return np.full(shape, unset, dtype)


def run_schedule(schedule: Schedule, *arguments: Any, seed: int = 0) -> None:
    """Run a schedule on arguments in call order; arrays are changed in place."""
    with np.errstate(all="ignore"):
        _Running(schedule, arguments, seed).run(lower(schedule))


def same_as_python(schedule: Schedule, function: Any, *arguments: Any) -> None:
    """Assert that a schedule computes what the plain function does, bit for bit."""
    expected, actual = copy.deepcopy(arguments), copy.deepcopy(arguments)
    with np.errstate(all="ignore"):
        function(*expected)
    run_schedule(schedule, *actual, seed=len(arguments))
    for number, (a, b) in enumerate(zip(actual, expected, strict=True)):
        if isinstance(a, np.ndarray):
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (
                f"argument {number}:\n{a}\nPython has:\n{b}\n{lower(schedule)}"
            )


# ---- words for tests ------------------------------------------------------------------------


def original(kernel: Any, *arguments: Any, fp: str = "reassociate") -> Schedule:
    """The schedule in source order of a function for these arguments or types of arguments."""
    made = kernel if isinstance(kernel, po.Kernel) else po.kernel(kernel)
    return made.with_options(fp=fp).specialize(*arguments).original


def loops(schedule: Schedule) -> str:
    """What a schedule runs, as text."""
    return str(lower(schedule))


def refused(step: Callable[[], object], error: type[Exception] = po.IllegalScheduleError) -> str:
    """The message with which a step is refused."""
    try:
        step()
    except error as refusal:
        return str(refusal)
    raise AssertionError("the step was accepted")


def small(*shape: int, seed: int = 1) -> np.ndarray:
    """Small whole numbers as floats: sums of them are exact in any order."""
    return np.random.default_rng(seed).integers(-5, 6, shape).astype(float)
