"""Exact dependences: value-based flow, anti and output through memory, reductions kept apart.

Anti dependences go to the next write and output dependences from the last one; what they imply
transitively is not listed, and neither legality nor the level that carries a dependence needs it.

Flow is computed by isl's array dataflow analysis (Feautrier 1991; Verdoolaege, isl manual,
section 1.4.2). A reduction's write does not hide earlier ones, so that initialisation precedes
every update and every update precedes a use even when the updates themselves may be reordered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import islpy as isl

from polyopt._isl import Frame, coalesced
from polyopt.displayed import Displayed
from polyopt.errors import UnsupportedSyntaxError
from polyopt.model.affine import Affine
from polyopt.model.dataflow import Flow, Order, Use, last_sources
from polyopt.model.frames import frames
from polyopt.model.kills import kills
from polyopt.model.order import TimeVector, order_map, time_vectors
from polyopt.model.scop import Scop
from polyopt.model.tree import Sequence

DependenceKind = Literal["flow", "anti", "output", "reduction"]


@dataclass(frozen=True)
class Dependence:
    """`source` must run before `sink` for the pairs in `relation` (source → sink instances).

    A "reduction" dependence links two updates of one element by one reduction statement: its
    order may be given up where reassociation is allowed, its atomicity may not.
    """

    kind: DependenceKind
    source: str
    sink: str
    array: str
    relation: isl.Map = field(compare=False, repr=False)
    text: str

    def __reduce__(self) -> tuple[object, ...]:
        # islpy pickles no map that has one name on both sides; the text has all of it.
        return _from_text, (self.kind, self.source, self.sink, self.array, self.text)

    def __str__(self) -> str:
        return f"{self.kind:9} {self.source} -> {self.sink} through {self.array}: {self.text}"


def _from_text(kind: DependenceKind, source: str, sink: str, array: str, text: str) -> Dependence:
    return Dependence(kind, source, sink, array, isl.Map(text), text)


@dataclass(frozen=True)
class Dependences(Displayed):
    """Every dependence of a SCoP, in a fixed order."""

    items: tuple[Dependence, ...]

    def of_kind(self, *kinds: DependenceKind) -> tuple[Dependence, ...]:
        """Those of the given kinds."""
        return tuple(d for d in self.items if d.kind in kinds)

    def __iter__(self) -> Iterator[Dependence]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __str__(self) -> str:
        return "\n".join(map(str, self.items)) or "no dependences"


def analyse(
    scop: Scop, known: Dependences | None = None, changed: frozenset[str] = frozenset()
) -> Dependences:
    """The dependences of the reference order.

    With `known`, those of a model that differs only in how the arrays `changed` are stored: the
    dependences through other arrays are taken over.

    Raises UnsupportedSyntaxError where a scalar local of the kernel is read before any assignment.
    """
    made = frames(scop)
    vectors = time_vectors(scop.tree.root, scop.tree.statements)
    found: list[Dependence] = []
    for array in scop.arrays:
        if known is not None and array.name not in changed:
            found += [d for d in known.items if d.array == array.name]
            continue
        uses = _uses(scop, made, array.name)
        if any(u.access.kind != "read" for u in uses):
            forwards, backwards = _orders(scop, vectors, made, uses)
            found += _flow(scop, array.name, uses, forwards, is_written=known is None)
            found += _anti(array.name, uses, backwards)
            found += _output(array.name, uses, forwards)
    return Dependences(tuple(found))


def _orders(
    scop: Scop, vectors: dict[str, TimeVector], frames: dict[str, Frame], uses: tuple[Use, ...]
) -> tuple[Order, Order]:
    """The order of the statements with some uses, in the time dimensions that tell them apart;
    and with time running backwards."""
    names = list(dict.fromkeys(u.statement.name for u in uses))
    array = uses[0].access.array
    columns = [c for c in zip(*(vectors[n] for n in names), strict=True) if not _is_one_number(c)]
    short = dict(zip(names, zip(*columns, strict=True), strict=True)) if columns else {}
    forwards = {n: short.get(n, (Affine(),)) for n in names}
    backwards = {n: tuple(-row for row in vector) for n, vector in forwards.items()}
    parts = _parts(scop, vectors)
    ahead = kills(scop, frames, vectors, array)
    back = kills(scop, frames, backwards, array, is_backwards=True)
    return (
        Order(order_map(forwards, frames), parts, ahead),
        Order(order_map(backwards, frames), {n: -part for n, part in parts.items()}, back),
    )


def _parts(scop: Scop, vectors: dict[str, TimeVector]) -> dict[str, int]:
    """The number of the top-level nest that each statement is in."""
    is_sequence = isinstance(scop.tree.root, Sequence)
    return {n: v[0].constant if is_sequence else 0 for n, v in vectors.items()}


def _is_one_number(column: tuple[Affine, ...]) -> bool:
    return column[0].is_constant and all(row == column[0] for row in column)


def _uses(scop: Scop, frames: dict[str, Frame], array: str) -> tuple[Use, ...]:
    found = []
    for statement in scop.statements:
        for access in statement.accesses:
            if access.array != array:
                continue
            relation = frames[statement.name].access(array, access.subscripts)
            relation = relation.intersect_domain(statement.domain.intersect_params(scop.facts))
            target = statement.array == array and statement.subscripts == access.subscripts
            found.append(Use(statement, access, relation, target))
    return tuple(found)


def _split(
    kind: DependenceKind,
    array: str,
    relation: isl.UnionMap,
    drop_self: frozenset[str] = frozenset(),
) -> list[Dependence]:
    """One dependence per pair of statements, in a stable order."""
    found = []
    maps: list[isl.Map] = []
    relation.foreach_map(maps.append)
    for map_ in maps:
        source = map_.get_tuple_name(isl.dim_type.in_)
        sink = map_.get_tuple_name(isl.dim_type.out)
        if source == sink and source in drop_self:
            continue
        simple = coalesced(map_)
        found.append(Dependence(kind, source, sink, array, simple, str(simple)))
    return sorted(found, key=lambda d: (int(d.source[1:]), int(d.sink[1:])))


def _flow(
    scop: Scop, array: str, uses: tuple[Use, ...], order: Order, *, is_written: bool
) -> list[Dependence]:
    """`is_written`: the model is the kernel as it is written, whose reads must find a value; what
    a storage step makes of it is proved by the step."""
    reads = [u for u in uses if u.access.kind == "read"]
    if not reads:
        return []
    must = [u for u in uses if u.access.kind == "write" and not u.is_reduction]
    may = [u for u in uses if u.access.kind != "read" and u not in must]
    found: list[Dependence] = []
    groups = ([u for u in reads if u.is_reduction], [u for u in reads if not u.is_reduction])
    for group, own in zip(groups, (True, False), strict=True):
        if not group:
            continue
        flow = last_sources(group, must, may, order)
        if is_written:
            _refuse_unassigned(scop, array, group, flow)
        drop = frozenset(u.statement.name for u in group) if own else frozenset[str]()
        found += _split("flow", array, flow.pairs, drop)
    return found


def reads_what_it_was(scop: Scop, array: str) -> bool:
    """Whether an element of an array may be read before the kernel has written it."""
    made = frames(scop)
    vectors = time_vectors(scop.tree.root, scop.tree.statements)
    uses = _uses(scop, made, array)
    reads = [u for u in uses if u.access.kind == "read"]
    if not reads:
        return False
    certain = [u for u in uses if u.access.kind == "write" and not u.is_reduction]
    forwards, _ = _orders(scop, vectors, made, uses)
    # Read by read: an instance may read one element that is written, and another that is not.
    found = (last_sources([read], certain, [], forwards).unreached for read in reads)
    return any(unreached is None or not unreached.is_empty() for unreached in found)


def _refuse_unassigned(scop: Scop, array: str, reads: list[Use], flow: Flow) -> None:
    declared = scop.array(array)
    if declared.kind != "local" or declared.shape or flow.unreached is None:
        return
    for use in reads:
        here = flow.unreached.intersect(isl.UnionSet(use.relation.domain()))
        if not here.is_empty():
            raise UnsupportedSyntaxError(
                f"{array} may be read here before it is assigned. Assign it on every path first.",
                use.statement.location,
            )


def _anti(array: str, uses: tuple[Use, ...], backwards: Order) -> list[Dependence]:
    """From each read to the next write: the last writer, with time running backwards."""
    writes = [u for u in uses if u.access.kind != "read"]
    must = [u for u in writes if u.access.kind == "write" and not u.is_reduction]
    may = [u for u in writes if u not in must]
    found: list[Dependence] = []
    groups = ([u for u in uses if u.is_reduction], [u for u in uses if not u.is_reduction])
    for group, own in zip(groups, (True, False), strict=True):
        reads = [u for u in group if u.access.kind == "read"]
        if reads:
            flow = last_sources(reads, must, may, backwards)
            drop = frozenset(u.statement.name for u in reads) if own else frozenset[str]()
            found += _split("anti", array, flow.pairs.reverse(), drop)
    return found


def _output(array: str, uses: tuple[Use, ...], order: Order) -> list[Dependence]:
    """From each write to those it overwrites next; updates of a reduction hide nothing."""
    writes = [u for u in uses if u.access.kind != "read"]
    must = [u for u in writes if u.access.kind == "write" and not u.is_reduction]
    may = [u for u in writes if u not in must]
    pairs = _split("output", array, last_sources(writes, must, may, order).pairs)
    reductions = {u.statement.name for u in writes if u.is_reduction}
    return [
        Dependence("reduction", d.source, d.sink, d.array, d.relation, d.text)
        if d.source == d.sink and d.source in reductions
        else d
        for d in pairs
    ]
