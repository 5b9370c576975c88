"""Which arrays a device needs the values of: the copy-in set."""

from __future__ import annotations

import islpy as isl

from polyopt._isl import Frame
from polyopt.model.affine import Affine, All, Compare
from polyopt.model.dependences import Dependences
from polyopt.model.nest import Array
from polyopt.model.scop import Scop


def copied_in(scop: Scop, dependences: Dependences) -> frozenset[str]:
    """The arrays whose values before a call matter: those with a read that may be the first to
    reach its element, and those of which an element may be left as it was."""
    return frozenset(a.name for a in scop.arrays if not _is_made_anew(scop, dependences, a))


def _is_made_anew(scop: Scop, dependences: Dependences, array: Array) -> bool:
    """Whether all elements are surely written, and no read comes before its element's write."""
    writers = [s for s in scop.statements if s.array == array.name]
    if not array.shape or array.name in scop.private_arrays:
        return False
    if any(s.accesses[-1].kind != "write" for s in writers):
        return False
    written = isl.Set.empty(_box(scop, array).get_space())
    for statement in writers:
        access = _frame(scop, statement.name).access(array.name, statement.subscripts)
        written = written.union(access.intersect_domain(statement.domain).range())
    if not _box(scop, array).is_subset(written):
        return False
    return all(
        _is_fed(scop, dependences, s.name, array.name)
        for s in scop.statements
        if any(a.array == array.name and a.kind == "read" for a in s.accesses)
    )


def _frame(scop: Scop, name: str) -> Frame:
    return Frame(scop.parameter_names, name, scop.statement(name).iterators)


def _box(scop: Scop, array: Array) -> isl.Set:
    """All elements that the array has."""
    names = tuple(f"d{d}" for d in range(len(array.shape)))
    frame = Frame(scop.parameter_names, array.name, names)
    zero, inside = Affine(), [(Affine.name(n), e) for n, e in zip(names, array.shape, strict=True)]
    bounds = [All((Compare("<=", zero, at), Compare("<", at, end))) for at, end in inside]
    return frame.holds(All(tuple(bounds))).intersect_params(scop.facts)


def _is_fed(scop: Scop, dependences: Dependences, name: str, array: str) -> bool:
    """Whether every instance reads what another one of this call has written."""
    statement = scop.statement(name)
    reads = [a for a in statement.accesses if a.array == array and a.kind == "read"]
    if len(reads) > 1:
        return False
    left = statement.domain.intersect_params(scop.facts)
    for d in dependences.items:
        if d.array == array and d.sink == name and d.kind in ("flow", "reduction"):
            left = left.subtract(d.relation.range())
    return bool(left.is_empty())
