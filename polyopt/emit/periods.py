"""How many values a point loop has in one iteration of its tile loop, read from their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from polyopt.emit.loops import For, Node, below
from polyopt.model.affine import Affine, Floor, Mod
from polyopt.model.tree import Member

Ranges = Mapping[str, tuple[int, int]]
"""The least and the greatest values of names."""


def tile_length(member: Member, outer: Member) -> int:
    """How many values a loop has in one iteration of another; 0 where that is no tile of it."""
    lengths = {_period(row, outer.row(name)) for name, row in member.rows}
    return lengths.pop() if len(lengths) == 1 else 0


def _period(row: Affine, outer: Affine) -> int:
    tile, point = _floored(outer), _floored(row)
    if tile is None or tile.denominator == 1:
        return 0
    if tile.numerator == row:
        return tile.denominator
    same = point is not None and point.numerator == tile.numerator
    if point is None or not same or tile.denominator % point.denominator:
        return 0
    return tile.denominator // point.denominator


def _floored(row: Affine) -> Floor | None:
    """The floored quotient that a row is."""
    atom = row.terms[0][0] if len(row.terms) == 1 else None
    plain = isinstance(atom, Floor) and row.terms[0][1] == 1 and not row.constant
    return atom if isinstance(atom, Floor) and plain else None


def is_shifted(value: Affine, loop: Affine) -> bool:
    """Whether a value is beside a loop's, and not the same or one that a guard makes the same."""
    apart = settled(value, {}) - loop
    if apart.is_constant:
        return apart.constant != 0
    floors = [atom for atom, _ in apart.terms if isinstance(atom, Floor | Mod)]
    return any(atom.numerator.names() & loop.names() for atom in floors)


def settled(value: Affine, ranges: Ranges) -> Affine:
    """The value with what is known of its quotients taken out of them: whole multiples, and where
    the rest stays in one period. (2*t + j)//2 is t + j//2, and t where j goes from 0 to 1.
    """
    total = Affine.integer(value.constant)
    for atom, factor in value.terms:
        part = Affine(((atom, 1),))
        if isinstance(atom, Floor):
            by, numerator = atom.denominator, atom.numerator
            whole = Affine.of((a, f // by) for a, f in numerator.terms if f % by == 0)
            rest = Affine.of(((a, f) for a, f in numerator.terms if f % by), numerator.constant)
            periods = {end // by for end in _ends(rest, ranges)}
            part = whole + (periods.pop() if len(periods) == 1 else rest.floordiv(by))
        total = total + part * factor
    return total


def _ends(value: Affine, ranges: Ranges) -> tuple[int, ...]:
    """The least and the greatest value of a sum of names; none where a range is not known."""
    first = last = value.constant
    for atom, factor in value.terms:
        if not isinstance(atom, str) or atom not in ranges:
            return ()
        ends = [factor * end for end in ranges[atom]]
        first, last = first + min(ends), last + max(ends)
    return first, last


def fixed_ranges(nodes: Iterable[Node]) -> dict[str, tuple[int, int]]:
    """The least and the greatest values of the loops among some nodes, where these are numbers."""
    found: dict[str, tuple[int, int]] = {}
    unknown: set[str] = set()
    for loop in below(nodes):
        if not isinstance(loop, For):
            continue
        if not (loop.lower.is_constant and loop.upper.is_constant):
            unknown.add(loop.variable)
            continue
        first, last = loop.lower.constant, loop.upper.constant - 1
        before = found.get(loop.variable, (first, last))
        found[loop.variable] = min(before[0], first), max(before[1], last)
    return {name: ends for name, ends in found.items() if name not in unknown}
