"""Runs `Loops` in Python: the loop form's own meaning, without a C compiler.

The loops become the text of a Python function over NumPy arrays. A parallel or vector loop's
iterations run interleaved in a random order, and a statement's value is computed in one turn and
stored in a later one, so that a race shows up as a wrong result. Private blocks are fresh in each
iteration and start as rubbish, and so do arrays that each thread has; accumulators of vector loops
are kept in lanes and combined.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from value_text import Constants, condition_text, guarded, value_text

from polyopt.emit.loops import Comment, For, If, Instance, Loops, Node, Promote
from polyopt.emit.pipeline_c import has_steps
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop
from polyopt.model.types import DType

LANES = 4
Place = Callable[[str, tuple[Affine, ...]], str]
Access = tuple[str, tuple[Affine, ...]]


class Runner:
    """A kernel in loop form, ready to be called with its arguments by name."""

    def __init__(self, scop: Scop, loops: Loops) -> None:
        self.scop = scop
        text = _Text(scop, loops.apart)
        text.block(loops.body, _Blocks({}, {}), 1)
        arrays = ", ".join(a.name for a in scop.arrays)
        head = f"def run({', '.join(scop.parameter_names)}{', ' if scop.parameters else ''}_env):"
        names = [f"    {a.name}_ = _env[{a.name!r}]" for a in scop.arrays]
        scalars = [f"    {s}_ = _env[{s!r}]" for s in _scalars(scop)]
        self.text = "\n".join(
            [head, f"    # {arrays}", *names, *scalars, *text.lines, "    return"]
        )
        self.scope: dict[str, Any] = {
            **text.constants.values, "np": np, "_far": math.inf,
            "_weave": weave, "_drive": drive, "_lanes": lanes, "_fresh": fresh,
        }  # fmt: skip
        exec(compile(self.text, "<loops>", "exec"), self.scope)

    def __call__(self, arguments: Mapping[str, Any], seed: int = 0) -> None:
        """Run on arguments, arrays changed in place."""
        sizes = parameters(self.scop, arguments)
        env = environment(self.scop, arguments, sizes)
        self.scope["_random"] = random.Random(seed)
        with np.errstate(all="ignore"):
            self.scope["run"](*(sizes[p] for p in self.scop.parameter_names), env)


def parameters(scop: Scop, arguments: Mapping[str, Any]) -> dict[str, int]:
    """The parameters' values in a call."""
    found = {}
    for parameter in scop.parameters:
        kind, name, dimension = parameter.origin
        given = arguments[name]
        found[parameter.name] = int(given if kind == "argument" else given.shape[dimension])
    return found


def environment(scop: Scop, arguments: Mapping[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    """Arrays by name, local ones made, and scalar arguments of their own type."""
    env: dict[str, Any] = {}
    for array in scop.arrays:
        if array.kind == "argument":
            env[array.name] = arguments[array.name]
        else:
            shape = tuple(max(e.evaluate(sizes), 0) for e in array.shape)
            env[array.name] = rubbish(shape, array.dtype)
    for name, dtype in _scalars(scop).items():
        env[name] = dtype.numpy.type(arguments[name])
    return env


def _scalars(scop: Scop) -> dict[str, DType]:
    known = {a.name for a in scop.arrays}
    return {a.name: a.type.dtype for a in scop.arguments if a.name not in known}


def rubbish(shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """Memory that nothing has been written to."""
    unset = np.nan if dtype.is_float else dtype.kind == "b" or 123456789
    return np.full(shape, unset, dtype.numpy)


def fresh(array: np.ndarray) -> np.ndarray:
    """Another array of the same shape that nothing has been written to."""
    kind = array.dtype.kind
    return np.full_like(array, np.nan if kind == "f" else kind == "b" or 123456789)


# ---- concurrency ---------------------------------------------------------------------------------


Iteration = Callable[[int, int], Iterator[None]]


def weave(
    body: Iteration, values: range, chance: random.Random, *, dealt: bool = False
) -> Iterator[None]:
    """Run the iterations' steps in a random interleaving of a random order, or `dealt` in order.

    Each of the lanes runs one iteration at a time, and is told to the body.
    """
    order = list(values)
    if not dealt:
        chance.shuffle(order)
    waiting = iter(order)
    active: list[tuple[int, Iterator[None]]] = []
    free = list(range(LANES))
    while True:
        while free:
            following = next(waiting, None)
            if following is None:
                break
            lane = free.pop()
            active.append((lane, body(following, lane)))
        if not active:
            return
        chosen = chance.randrange(len(active))
        for _ in range(chance.choice((1, 1, 2, 5))):
            try:
                next(active[chosen][1])
            except StopIteration:
                free.append(active.pop(chosen)[0])
                break
        yield


def drive(steps: Iterator[None]) -> None:
    """Run to the end."""
    for _ in steps:
        pass


def lanes(block: np.ndarray, operator: str) -> list[np.ndarray]:
    """A vector accumulator's partial results, all of them neutral."""
    kind = block.dtype
    if operator in ("min", "max"):
        if kind.kind == "f":
            start: Any = np.inf if operator == "min" else -np.inf
        elif kind.kind == "b":
            start = operator == "min"
        else:
            start = np.iinfo(kind).max if operator == "min" else np.iinfo(kind).min
    else:
        start = {"add": 0, "mul": 1, "and": -1, "or": 0, "xor": 0}[operator]
    return [np.full(block.shape, start, kind) for _ in range(LANES)]


# ---- text ----------------------------------------------------------------------------------


def _first_steps(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Where the loops over steps among some nodes of a turn begin; before all steps for others."""
    for node in nodes:
        match node:
            case For(synced=True, lower=lower):
                yield str(lower)
            case If(then=then, otherwise=otherwise) if has_steps((node,)):
                yield from _first_steps((*then, *otherwise))
            case Comment():
                pass
            case _:
                yield "-_far"


@dataclass(frozen=True)
class _Blocks:
    """The promoted blocks in force: of whole arrays, and of single accesses."""

    whole: Mapping[str, Promote]
    some: Mapping[tuple[str, Access], Promote]
    pending: tuple[Promote, ...] = ()

    def inside(self, node: Promote) -> _Blocks:
        pending = (*self.pending, node) if node.reduction else self.pending
        if node.targets:
            more = {(s, (node.array, subs)): node for s, subs in node.targets}
            return _Blocks(self.whole, {**self.some, **more}, pending)
        kept = {k: v for k, v in self.some.items() if k[1][0] != node.array}
        return _Blocks({**self.whole, node.array: node}, kept, pending)

    def holder(self, statement: str, access: Access) -> Promote | None:
        return self.some.get((statement, access)) or self.whole.get(access[0])


@dataclass
class _Text:
    """Writes the function's lines."""

    scop: Scop
    apart: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    constants: Constants = field(default_factory=Constants)
    count: int = 0
    concurrent: int = 0

    def add(self, level: int, text: str) -> None:
        self.lines.append("    " * level + text)

    def block(self, nodes: tuple[Node, ...], blocks: _Blocks, level: int) -> None:
        before = len(self.lines)
        for node in nodes:
            match node:
                case For():
                    self.loop(node, blocks, level)
                case If():
                    self.add(level, f"if {condition_text(node.condition)}:")
                    self.block(node.then, blocks, level + 1)
                    if node.otherwise:
                        self.add(level, "else:")
                        self.block(node.otherwise, blocks, level + 1)
                case Instance():
                    self.instance(node, blocks, level)
                case Promote():
                    self.promote(node, blocks, level)
                case Comment():
                    pass
        if len(self.lines) == before:
            self.add(level, "pass")

    def loop(self, node: For, blocks: _Blocks, level: int) -> None:
        values = f"range({node.lower}, {node.upper}, {node.step})"
        if node.pipeline and not node.parallel and has_steps(node.body):
            self.pipeline(node, blocks, level)
            return
        if not (node.parallel or node.vector):
            self.add(level, f"for {node.variable} in {values}:")
            self.block(node.body, blocks, level + 1)
            return
        self.count += 1
        number = self.count
        partial = blocks.pending if node.vector or (node.parallel and node.partials) else ()
        names = [f"{p.name}_" for p in partial]
        for promote, name in zip(partial, names, strict=True):
            self.add(level, f"{name}lanes{number} = _lanes({name}, {promote.reduction!r})")
        self.add(level, f"def _body{number}({node.variable}, _lane{number}):")
        if node.parallel:
            self.own_arrays(level + 1)
        for name in names:
            self.add(level + 1, f"{name} = {name}lanes{number}[_lane{number}]")
        inside = _Blocks(blocks.whole, blocks.some)
        self.concurrent += 1
        self.block(node.body, inside, level + 1)
        self.concurrent -= 1
        self.add(level + 1, "yield")
        call = f"_weave(_body{number}, {values}, _random)"
        self.add(level, f"yield from {call}" if self.concurrent else f"_drive({call})")
        for promote, name in zip(partial, names, strict=True):
            self.combine(promote, name, number, level)

    def pipeline(self, node: For, blocks: _Blocks, level: int) -> None:
        """Iterations that wait for how far the one before is, as the emitted C does."""
        self.count += 1
        number = self.count
        self.add(level, f"_at{number} = {{}}")
        self.add(level, f"def _body{number}({node.variable}, _lane{number}):")
        before = f"_at{number}.get({node.variable} - {node.step}, -_far)"
        self.own_arrays(level + 1)
        self.add(level + 1, f"_first = {node.variable} == {node.lower}")
        wait = f"while not _first and {before} < "
        self.concurrent += 1
        self.waiting(node, wait, f"_at{number}", blocks, level + 1)
        self.concurrent -= 1
        self.add(level + 1, f"{wait}_far: yield")
        self.add(level + 1, f"_at{number}[{node.variable}] = _far")
        self.add(level + 1, "yield")
        values = f"range({node.lower}, {node.upper}, {node.step})"
        call = f"_weave(_body{number}, {values}, _random, dealt=True)"
        self.add(level, f"yield from {call}" if self.concurrent else f"_drive({call})")

    def own_arrays(self, level: int) -> None:
        """The arrays that each thread has, where threads begin."""
        for array in () if self.concurrent else self.apart:
            self.add(level, f"{array}_ = _fresh(_env[{array!r}])")

    def waiting(
        self, outer: For, wait: str, reached: str, blocks: _Blocks, level: int,
        nodes: tuple[Node, ...] | None = None, later: tuple[Node, ...] = (),
    ) -> None:  # fmt: skip
        """A turn's nodes, with `later` ones behind them: no loop over steps tells of more than
        those behind it have done."""
        whole = outer.body if nodes is None else nodes
        for number, node in enumerate(whole, 1):
            behind = (*whole[number:], *later)
            if isinstance(node, For) and node.synced:
                j = node.variable
                self.add(level, f"for {j} in range({node.lower}, {node.upper}, {node.step}):")
                self.add(level + 1, f"{wait}{j} + {node.step}: yield")
                self.block(node.body, blocks, level + 1)
                told = ", ".join((f"{j} + 1", *_first_steps(behind)))
                self.add(level + 1, f"{reached}[{outer.variable}] = min({told}, _far)")
            elif isinstance(node, If) and has_steps((node,)):
                self.add(level, f"if {condition_text(node.condition)}:")
                self.add(level + 1, "pass")
                self.waiting(outer, wait, reached, blocks, level + 1, node.then, behind)
                self.add(level, "else:")
                self.add(level + 1, "pass")
                self.waiting(outer, wait, reached, blocks, level + 1, node.otherwise, behind)
            else:
                self.add(level, f"{wait}_far: yield")
                self.block((node,), blocks, level)

    def combine(self, promote: Promote, name: str, number: int, level: int) -> None:
        self.add(level, f"for _lane in {name}lanes{number}:")
        a, b = f"{name}[()]", "_lane[()]"
        if promote.reduction in ("min", "max"):
            self.add(level + 1, f"{a} = {promote.reduction}({a}, {b})")
        else:
            signs = {"add": "+", "mul": "*", "and": "&", "or": "|", "xor": "^"}
            assert promote.reduction is not None
            self.add(level + 1, f"{a} = {a} {signs[promote.reduction]} {b}")

    def promote(self, node: Promote, blocks: _Blocks, level: int) -> None:
        dtype = self.constants.name(self.scop.dtype(node.array))
        self.count += 1
        shape = f"({''.join(f'{e}, ' for e in node.shape)})"
        unset = self.constants.unset(self.scop.dtype(node.array))
        name, outer = f"{node.name}_", blocks.holder("", (node.array, ()))
        array, origin = f"{node.array}_", node.origin
        if outer is not None:
            array = f"{outer.name}_"
            origin = tuple(i - o for i, o in zip(origin, outer.origin, strict=True))
            origin = origin if outer.shape else ()
        start = ", ".join(f"_at({o})" for o in origin)
        ends = ", ".join(f"_at({o}):({o}) + {e}" for o, e in zip(origin, node.shape, strict=False))
        where, within = (ends if node.shape else start) or "()", "..."
        if node.ends or node.layout is not None:
            where, within = self.parts(node, origin, outer)
        self.add(level, f"{name} = np.full({shape}, {unset}, {dtype})")
        if node.limits:
            where, within = self.limited(node, level)
        if node.load:
            self.add(level, f"{name}[{within}] = {array}[{where}]")
        self.block(node.body, blocks.inside(node), level)
        if node.store:
            self.add(level, f"{array}[{where}] = {name}[{within}]")

    def limited(self, node: Promote, level: int) -> tuple[str, str]:
        """The elements of a block within its limits: of its array, and of the block."""
        cells = f"{node.name}_cells"
        tests = [
            " + ".join([f"({factor}) * (i[{d}] + {node.origin[d]})" for d, factor in enumerate(fs)])
            + f" + ({rest}) >= 0"
            for fs, rest in node.limits
        ]
        self.add(
            level,
            f"{cells} = [i for i in np.ndindex(*{tuple(node.shape)}) if {' and '.join(tests)}]",
        )
        inside = ", ".join(f"[i[{d}] for i in {cells}]" for d in range(len(node.shape)))
        there = ", ".join(
            f"[_at(i[{d}] + {origin}) for i in {cells}]" for d, origin in enumerate(node.origin)
        )
        return there, inside

    def parts(
        self, node: Promote, origin: tuple[Affine, ...], outer: Promote | None
    ) -> tuple[str, str]:
        """What there is of a block: as slices of its array, and of the block."""
        limits = node.ends or self.scop.array(node.array).shape
        if outer is not None:
            limits = tuple(e - o for e, o in zip(limits, outer.origin, strict=True))
        there, inside = [], []
        for o, e, limit in zip(origin, node.shape, limits, strict=True):
            low = f"_at({o})" if node.layout is None else f"max(0, {o})"
            high = f"min(({o}) + {e}, {limit})"
            there.append(f"{low}:max({low}, {high})")
            inside.append(f"{low} - ({o}):max({low}, {high}) - ({o})")
        return ", ".join(there), ", ".join(inside)

    def place(self, node: Instance, blocks: _Blocks, values: dict[str, Affine]) -> Place:
        """How an access is written: in its array, or in the block that holds it."""
        straight = dict(node.straight)

        def text(array: str, subscripts: tuple[Affine, ...]) -> str:
            block = blocks.holder(node.statement, (array, subscripts))
            index = [s.replace_atoms(straight).substitute(values) for s in subscripts]
            if block is None:
                is_private = array in self.scop.private_arrays
                copies = dict(self.scop.private)[array] if is_private else 0
                return guarded(f"{array}_", index[copies:])
            if not block.shape:
                return f"{block.name}_[()]"
            return guarded(
                f"{block.name}_", [i - o for i, o in zip(index, block.origin, strict=True)]
            )

        return text

    def instance(self, node: Instance, blocks: _Blocks, level: int) -> None:
        statement = self.scop.statement(node.statement)
        values = dict(zip(statement.iterators, node.values, strict=True))
        place = self.place(node, blocks, values)

        def value(expr: Any) -> str:
            return value_text(expr, place, values, self.constants)

        if statement.guard is not None:
            self.add(level, f"if {value(statement.guard)}:")
            level += 1
        self.add(level, f"_v = {value(statement.value)}")
        if self.concurrent:
            self.add(level, "yield")
        self.add(level, f"{place(statement.array, statement.subscripts)} = _v")
        if self.concurrent:
            self.add(level, "yield")
