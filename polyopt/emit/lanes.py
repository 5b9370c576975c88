"""Vector loops that accumulate: partial results in a small array, one a lane.

    for k: acc += e(k)    →    if k runs 16 times:
                                   lanes[16] = {0}
                                   for k in steps of 16: for lane: lanes[lane] += e(k + lane)
                                   for lane < 8: lanes[lane] += lanes[lane + 8], and so on by halves
                                   acc += lanes[0] + lanes[1]
                               for the rest of k: acc += e(k)

OpenMP's `reduction` clause means the same, but gcc 12 keeps its private copies in memory and then
does not vectorise (measured on a dot product of 1000 elements: 5.5 times slower). Here the order
of the sum is written down, so it is the same with every compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.loops import For, If, Instance, Node, Promote
from polyopt.emit.place import Place
from polyopt.emit.scope import Lanes, Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, substitute_condition
from polyopt.model.types import DType

_LANE_BYTES = 128
_DATA_LANES = 16
_DATA_START = 2 * _DATA_LANES
"""Loops over data are short as a rule, and their elements gathered: lanes pay from here on
(measured on rows of a sparse matrix: 20 a row, 2.5 ms against 3.4 ms in lanes from the start; 80 a
row, 2.1 ms in 16 lanes, 2.9 ms in 4)."""
_ZERO = ("add", "or", "xor")
_COMBINE = {
    "add": "{a} += {b}", "mul": "{a} *= {b}",
    "xor": "{a} ^= {b}", "or": "{a} |= {b}", "and": "{a} &= {b}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A block of one element, or of few in rows that are jammed, into which the next vector loop
    accumulates; `key` is its key in the scope's places."""

    key: str
    place: Place
    op: str


def has_lanes(node: For, accumulators: tuple[Accumulator, ...]) -> bool:
    """Whether a vector loop can be written with lanes: of step 1, with numbers, innermost but for
    loops of constant length that are written out."""
    simple = node.step == 1 and not any(_is_loop(n) for n in _flat(node.body))
    return simple and all(
        a.place.dtype.kind != "b" and a.op in ("add", "mul", "xor", "or", "min", "max")
        for a in accumulators
    )


def _is_loop(node: Node) -> bool:
    """Whether a node is more than straight code."""
    if not isinstance(node, For):
        return isinstance(node, Promote)
    straight = node.unroll < 0 and (node.upper - node.lower).is_constant
    return not straight or node.vector or node.parallel or bool(node.exit)


def _flat(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    found: list[Node] = []
    for node in nodes:
        found.append(node)
        if isinstance(node, If):
            found += _flat((*node.then, *node.otherwise))
        if isinstance(node, For):
            found += _flat(node.body)
    return tuple(found)


Print = Callable[[tuple[Node, ...], Scope], list[cgen.Generable]]


def lane_loop(
    node: For,
    accumulators: tuple[Accumulator, ...],
    scope: Scope,
    print_body: Print,
    vectors: Lanes | None = None,
    count: int = 0,
) -> list[cgen.Generable]:
    """The loop in lanes, the sum over the lanes, and the loop's rest.

    Where `vectors` are given, the lanes run in explicit vectors of that type, and after them what
    fills single vectors (a triangular solve of 2000: 12 % less); `count` lanes, as many as fill
    vectors where that is 0.
    """
    over_data = (node.upper - node.lower).is_data
    count = count or (_DATA_LANES if over_data else min(map(_filling, accumulators)))
    counter = f"{node.variable}_lane"
    lane = scope.names.of("value", counter)
    name = scope.names.of("value", node.variable)
    upper = affine(node.upper, scope).at(Level.SUM)
    lanes = {a.key: scope.names.fresh(f"{a.place.name}_lanes") for a in accumulators}
    pointed = "" if vectors is None else f"*({vectors.ctype} *)&"

    def at(first: str, over: str) -> Scope:
        """The scope where accumulators are the lanes from the first on, and a variable runs in
        vectors."""
        held = {
            a.key: replace(a.place, name=f"{pointed}{lanes[a.key]}", lane=first, pointer=False)
            for a in accumulators
        }
        inside = replace(scope, places={**scope.places, **held}, vector=True)
        return inside if vectors is None else replace(inside, lanes=replace(vectors, variable=over))

    moved = {node.variable: Affine.name(node.variable) + Affine.name(counter)}
    body = print_body(substituted(node.body, moved), at(lane, counter))
    rest = print_body(node.body, scope)
    over_lanes = f"int64_t {lane} = 0", f"{lane} < {count}", f"{lane}++"
    blocks: list[cgen.Generable] = []
    for a in accumulators:
        blocks += _declared(a, lanes[a.key], count, over_lanes, lane, scope.target.unroll)
    pragma, together = scope.target.simd, over_lanes
    if vectors is not None:
        pragma = f"{scope.target.unroll} {count // vectors.width}"
        together = *over_lanes[:2], f"{lane} += {vectors.width}"
    inner = cgen.Block([cgen.Pragma(pragma), _for(*together, body)])
    fits = f"{name} < {upper} - {count - 1}"
    # A bound from data may be the least integer there is: no constant is taken from it unseen.
    long = f"{name} < {upper} && {upper} - {name} >= {_DATA_START}"
    pays = long if over_data else fits
    blocks.append(_for("", fits, f"{name} += {count}", [inner]))
    if vectors is not None:
        single, width = print_body(node.body, at("0", node.variable)), vectors.width
        blocks.append(_for("", f"{name} < {upper} - {width - 1}", f"{name} += {width}", single))
    for a in accumulators:
        add = partial(_together, count=count, lane=lane, simd=scope.target.simd, vectors=vectors)
        blocks += _each(a, lanes[a.key], scope.target.unroll, add)
    start = cgen.Statement(f"int64_t {name} = {affine(node.lower, scope)}")
    last = _for("", f"{name} < {upper}", f"{name}++", rest)
    scope.used.values.difference_update({node.variable, counter})
    return [cgen.Block([start, cgen.If(cgen.Line(pays), cgen.Block(blocks)), last])]


def _filling(a: Accumulator) -> int:
    """Lanes that hide how long an addition takes: four vectors of 256 bits of one element, and
    two each of several, or fewer, so that all stay in registers."""
    elements = prod(e.constant for e in a.place.extents)
    lanes = _LANE_BYTES * 8 // a.place.dtype.bits
    return lanes if elements == 1 else max(lanes // 4, 2 * lanes // elements)


def _each(
    a: Accumulator,
    lanes: str,
    unroll: str,
    lines: Callable[[Accumulator, str], Iterable[cgen.Generable]],
) -> list[cgen.Generable]:
    """Lines for each element of an accumulator and its lanes."""
    counters = [f"{lanes}_{d}" for d in range(a.place.rank)]
    at = "".join(f"[{c}]" for c in counters)
    one = replace(a.place, name=f"{a.place.name}{at}", extents=(), kept=())
    body = list(lines(replace(a, place=one), f"{lanes}{at}"))
    for counter, extent in reversed(list(zip(counters, a.place.extents, strict=True))):
        loop = _for(f"int64_t {counter} = 0", f"{counter} < {extent}", f"{counter}++", body)
        body = [cgen.Pragma(f"{unroll} {extent}"), loop]
    return body


def _together(
    a: Accumulator, lanes: str, count: int, lane: str, simd: str, vectors: Lanes | None
) -> Iterator[cgen.Generable]:
    """The sum over the lanes: by halves, in vectors, then the last two."""
    while count > 2 and count % 2 == 0:
        count //= 2
        if vectors is not None:
            yield from _halves(a, lanes, count, vectors)
            continue
        half = _part(a, f"{lanes}[{lane}]")
        over = f"int64_t {lane} = 0", f"{lane} < {count}", f"{lane}++"
        body = [combined(half, f"{lanes}[{lane} + {count}]")]
        yield cgen.Pragma(simd)
        yield _for(*over, body)
    for number in range(count):
        yield combined(a, f"{lanes}[{number}]")


def _halves(a: Accumulator, lanes: str, count: int, vectors: Lanes) -> Iterator[cgen.Generable]:
    """Twice `count` lanes added up to `count`, in explicit vectors where they fill one: compilers
    that make none of loops keep lanes in memory that a loop counts through."""
    whole = count % vectors.width == 0
    pointed = f"*({vectors.ctype} *)&" if whole else ""
    for first in range(0, count, vectors.width if whole else 1):
        half = _part(a, f"{pointed}{lanes}[{first}]")
        yield combined(half, f"{pointed}{lanes}[{first + count}]")


def _part(a: Accumulator, name: str) -> Accumulator:
    return replace(a, place=replace(a.place, name=name, pointer=False))


def _for(start: str, test: str, step: str, body: list[cgen.Generable]) -> cgen.Generable:
    content = body[0] if len(body) == 1 and isinstance(body[0], cgen.Block) else cgen.Block(body)
    return cgen.For(cgen.Line(start), cgen.Line(test), cgen.Line(step), content)


def _declared(
    a: Accumulator,
    lanes: str,
    count: int,
    over_lanes: tuple[str, str, str],
    lane: str,
    unroll: str,
) -> list[cgen.Generable]:
    rows = "".join(f"[{e.constant}]" for e in a.place.extents)
    name = f"{a.place.dtype.ctype} {lanes}{rows}[{count}]"
    if a.op in _ZERO:
        return [cgen.Statement(f"{name} = {{0}}")]
    start = identity(a.op, a.place.dtype)

    def starts(_: Accumulator, own: str) -> list[cgen.Generable]:
        return [_for(*over_lanes, [cgen.Statement(f"{own}[{lane}] = {start}")])]

    return [cgen.Statement(name), *_each(a, lanes, unroll, starts)]


def identity(op: str, dtype: DType) -> str:
    """The value that changes nothing, as C text."""
    if op in _ZERO:
        return "0"
    if op == "mul" or dtype.kind == "b":
        return "1" if op != "max" else "0"
    if op == "and":
        return f"({dtype.ctype})-1"
    sign = "" if op == "min" else "-"
    if dtype.is_float:
        return f"{sign}{'HUGE_VAL' if dtype.bits == 64 else 'HUGE_VALF'}"
    if dtype.kind == "u" and op == "max":
        return "0"
    prefix = "U" if dtype.kind == "u" else ""
    return f"{prefix}INT{dtype.bits}_{'MAX' if op == 'min' else 'MIN'}"


def combined(a: Accumulator, lane: str) -> cgen.Generable:
    """The statement that adds a partial result to its accumulator."""
    target = f"*{a.place.name}" if a.place.pointer else a.place.name
    if a.op in ("min", "max"):
        relation = "<" if a.op == "min" else ">"
        return cgen.Statement(f"{target} = {lane} {relation} {target} ? {lane} : {target}")
    if a.place.dtype.is_integer and a.op in ("add", "mul"):
        sign = "+" if a.op == "add" else "*"
        unsigned = a.place.dtype.unsigned
        text = f"{target} = ({a.place.dtype.ctype})(({unsigned}){target} {sign} ({unsigned}){lane})"
        return cgen.Statement(text)
    return cgen.Statement(_COMBINE[a.op].format(a=target, b=lane))


def substituted(nodes: tuple[Node, ...], values: Mapping[str, Affine]) -> tuple[Node, ...]:
    """Innermost nodes with names replaced by affines."""
    found: list[Node] = []
    for node in nodes:
        match node:
            case Instance():
                moved = tuple(v.substitute(values) for v in node.values)
                found.append(replace(node, values=moved))
            case For():
                found.append(replace(node, body=substituted(node.body, values)))
            case If():
                found.append(
                    If(
                        substitute_condition(node.condition, values),
                        substituted(node.then, values),
                        substituted(node.otherwise, values),
                    )
                )
            case _:
                found.append(node)
    return tuple(found)
