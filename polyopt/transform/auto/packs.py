"""Panels for contractions: operands copied so that the register tile reads them line by line.

Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication (ACM TOMS 2008): the
operand that the columns walk is packed once per reduction tile and shared by all threads, the one
that the rows walk once per row tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from polyopt.model.scop import Access, Statement
from polyopt.transform.auto.context import attempt
from polyopt.transform.edit import places
from polyopt.transform.schedule import Schedule


@dataclass(frozen=True)
class Roles:
    """A contraction's iterators: `row` and `column` move the target, `depth` is summed over."""

    row: str
    column: str
    depth: str


def column_operands(statement: Statement, roles: Roles) -> tuple[Access, ...]:
    """The reads that move with columns and depth, and not with rows."""
    return _reads(statement, {roles.column, roles.depth}, roles.row)


def row_operands(statement: Statement, roles: Roles) -> tuple[Access, ...]:
    """The reads that move with rows and depth, and not with columns."""
    return _reads(statement, {roles.row, roles.depth}, roles.column)


def _reads(statement: Statement, with_: set[str], without: str) -> tuple[Access, ...]:
    return tuple(
        a
        for a in statement.accesses
        if a.kind == "read" and with_ <= _names(a) and without not in _names(a)
    )


def _names(access: Access) -> set[str]:
    return {n for s in access.subscripts for n in s.names()}


def packed(
    s: Schedule,
    statement: Statement,
    reads: tuple[Access, ...],
    at: str,
    panel: tuple[str, str, int],
    *,
    pad: bool,
) -> Schedule | None:
    """The operands packed at a loop; `panel` is the loop they are cut along, the one along which
    panels run, and their width. None where there are none, or one cannot be packed."""
    across, along, width = panel
    for access in reads:
        order = _order(s, statement, access, (across, along))
        if order is None:
            return None
        what = f"{access.array}[{', '.join(map(str, access.subscripts))}]"
        step = partial(
            Schedule.pack, array=what, at=at, order=order, panel={across: width}, pad=pad
        )
        made = attempt(s, step)
        if made is None:
            return None
        s = made
    return s if reads else None


def _order(
    s: Schedule, statement: Statement, access: Access, last: tuple[str, str]
) -> tuple[str, ...] | None:
    """The loops that index the dimensions: those of other loops first, then the two given."""
    around = [p.member for p in places(s.tree) if statement.name in p.member.statements]
    loops = {m.row(statement.name).single_name: f"{statement.name}.{m.name}" for m in around}
    inner = {n for name in last for n in _row(s, statement, name)}
    others: list[str] = []
    for subscript in access.subscripts:
        names = subscript.names() & set(statement.iterators)
        if len(names) != 1:
            return None
        (name,) = names
        if name not in inner:
            if name not in loops:
                return None
            others.append(loops[name])
    return (*others, *last)


def _row(s: Schedule, statement: Statement, loop: str) -> frozenset[str]:
    short = loop.partition(".")[2]
    for place in places(s.tree):
        if place.member.name == short and statement.name in place.member.statements:
            return place.member.row(statement.name).names()
    return frozenset()
