"""How many values a point loop has in one iteration of its tile loop, read from their rows."""

from __future__ import annotations

from polyopt.model.affine import Affine, Floor, Mod
from polyopt.model.tree import Member


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
    apart = value - loop
    if apart.is_constant:
        return apart.constant != 0
    floors = [atom for atom, _ in apart.terms if isinstance(atom, Floor | Mod)]
    return any(atom.numerator.names() & loop.names() for atom in floors)
