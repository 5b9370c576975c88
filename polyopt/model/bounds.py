"""Bounds: every access is proved inside its array, or its remaining condition is checked.

For each access the set of parameter values is computed at which no instance leaves the array.
Subscripts that data decides, by themselves or by the loops around, are checked by the scan.
Where the context implies it, nothing remains; where no parameter value with work to do is left,
the kernel is refused; else the condition becomes a check at the call, before the first write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import islpy as isl

from polyopt._isl import (
    FEW_PARAMETERS,
    Frame,
    mentioned,
    parameter_condition,
    smallest_point,
    told_of,
)
from polyopt.errors import BoundsError
from polyopt.model.affine import Affine, Compare, Condition
from polyopt.model.scop import Access, Scop, Statement
from polyopt.source import Location


@dataclass(frozen=True, slots=True)
class BoundsCheck:
    """A condition on the parameters that keeps one access inside its array."""

    condition: Condition
    message: str
    location: Location


def _violations(scop: Scop) -> Iterator[tuple[Statement, Access, int, isl.Set]]:
    """Per access and dimension, the instances that would leave the array, where any may."""
    frames = {s.name: Frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements}
    seen: set[tuple[str, str, int, Affine]] = set()
    copies = dict(scop.private)
    for statement in scop.statements:
        frame = frames[statement.name]
        for access in statement.accesses:
            shape = scop.array(access.array).shape
            inside = access.subscripts[copies.get(access.array, 0) :]
            for dimension, (index, extent) in enumerate(zip(inside, shape, strict=True)):
                key = (statement.domain_text, access.array, dimension, index)
                if key in seen or index.is_data:
                    continue
                seen.add(key)
                below = frame.holds(Compare("<", index, Affine.integer(0)))
                outside = below.union(frame.holds(Compare(">=", index, extent)))
                bad = statement.domain.intersect(outside)
                if bad.is_empty() or index.names() & set(statement.loose):
                    continue
                if statement.ranges:
                    bad = _whatever_the_data(bad, scop)
                if not bad.is_empty():
                    yield statement, access, dimension, bad


def _whatever_the_data(bad: isl.Set, scop: Scop) -> isl.Set:
    """The instances that leave an array for some bounds that are read from data."""
    first = len(scop.parameters)
    return bad.eliminate(isl.dim_type.param, first, len(scop.bounds))


def in_bounds(scop: Scop) -> isl.Set:
    """The parameter values at which every access stays inside its array."""
    safe = Frame(scop.parameter_names, None, ()).universe()
    for _, _, _, bad in _violations(scop):
        safe = safe.subtract(bad.params())
    return safe.coalesce()


def checks(scop: Scop, known: isl.Set) -> tuple[BoundsCheck, ...]:
    """The checks that remain where only `known` is known of the parameters.

    isl's time grows with the cube of what it is told at once: of more parameters than a few, an
    access is compared with those checks alone that speak of the same ones.

    Raises BoundsError where an access leaves its array at every size at which it runs.
    """
    every = frozenset(range(len(scop.parameter_names)))
    found: list[BoundsCheck] = []
    leaving: list[tuple[frozenset[int], isl.Set]] = []
    for statement, access, dimension, bad in _violations(scop):
        runs, leaves = statement.domain.params(), bad.params()
        about = mentioned(leaves) | mentioned(runs)
        linked = about.union(*(others for others, _ in leaving))
        together = next((t for t in (every, linked) if len(t) <= FEW_PARAMETERS), about)
        facts = told_of(known, together)
        leaves = leaves.intersect(facts)
        if leaves.is_empty():
            continue
        if runs.intersect(facts).is_subset(leaves):
            raise BoundsError(
                _always(scop, statement, access, dimension, bad.intersect_params(facts))
            )
        safe, covered = facts.subtract(leaves), facts
        for others, before in leaving:
            covered = covered.subtract(before) if others <= together else covered
        if covered.is_subset(safe):
            continue
        condition = parameter_condition(safe.gist(facts).coalesce(), scop.parameter_names)
        found.append(
            BoundsCheck(condition, _message(scop, statement, access, dimension), statement.location)
        )
        leaving.append((about, leaves))
    return tuple(found)


def _where(statement: Statement, access: Access) -> str:
    inner = ", ".join(map(str, access.subscripts))
    verb = "reads" if access.kind == "read" else "writes"
    return f"{statement.location.short}: {statement.name} {verb} {access.array}[{inner}]"


def _message(scop: Scop, statement: Statement, access: Access, dimension: int) -> str:
    extent = scop.array(access.array).shape[dimension]
    index = access.subscripts[dimension]
    names = sorted(n for n in (extent.names() | _domain_parameters(scop, statement)) if n)
    values = ", ".join(f"{n} = {{{n}}}" for n in names)
    return (
        f"{_where(statement, access)}, and the index {index} would leave its extent {extent} "
        f"in dimension {dimension} (here {values}). Nothing was written. "
        f"Pass arrays that cover the loop's range, or narrow the range."
    )


def _domain_parameters(scop: Scop, statement: Statement) -> set[str]:
    return {
        p
        for i, p in enumerate(p.name for p in scop.parameters)
        if statement.domain.involves_dims(isl.dim_type.param, i, 1)
    }


def _always(scop: Scop, statement: Statement, access: Access, dimension: int, bad: isl.Set) -> str:
    extent = scop.array(access.array).shape[dimension]
    witness = ""
    sample = smallest_point(bad, scop.parameter_names)
    if sample is not None:
        values, coordinates = sample
        values.update(zip(statement.iterators, coordinates, strict=True))
        used = access.subscripts[dimension].names() | extent.names()
        at = ", ".join(f"{n} = {values[n]}" for n in values if n in used)
        index = access.subscripts[dimension].evaluate(values)
        witness = f" At {at or 'every call'} the index is {index}."
    return (
        f"{_where(statement, access)}, and the index {access.subscripts[dimension]} leaves its "
        f"extent {extent} in dimension {dimension} whenever it runs.{witness} "
        f"Narrow the loop's range; only a literal negative index counts from the end."
    )
