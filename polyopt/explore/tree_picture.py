"""A schedule tree as a diagram: a box a loop, indented as the loops are, with what it runs as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from polyopt.explore.picture import Picture
from polyopt.explore.shapes import Area, Label, Line, Shape, box
from polyopt.explore.style import BLUE, FAINT, GREEN, GREY, INK, PAPER, PURPLE, SIZE, text_width
from polyopt.explore.times import is_tile
from polyopt.model.affine import Affine
from polyopt.model.tree import Band, Leaf, Mark, Member, Node, Region, Sequence
from polyopt.transform.schedule import Schedule

_ROW, _HIGH, _STEP, _EDGE = 30.0, 22.0, 24.0, 14.0
_MOST_ROWS = 120
_WORDS = 70


@dataclass(frozen=True, slots=True)
class Row:
    """One box: how deep it stands, what it says, how it runs, and its colour."""

    depth: int
    name: str
    text: str
    runs: str
    colour: str


def tree(schedule: Schedule) -> Picture:
    """The schedule tree as a diagram, read from the top: loops, sequences and statements.

    `for i: (S1; for j: S2)`    →    a box for i, below it S1 and a box for j around S2
    """
    rows = list(_rows(schedule.tree.root, schedule.tree.statements, 0))
    shown, left = rows[:_MOST_ROWS], len(rows) - _MOST_ROWS
    shapes: list[Shape] = []
    width = 200.0
    for number, row in enumerate(shown):
        y = 34 + number * _ROW
        shapes += _connector(shown, number, y)
        drawn, right = _box(row, _EDGE + row.depth * _STEP, y)
        shapes += drawn
        width = max(width, right + _EDGE)
    if left > 0:
        spot = (_EDGE, 34 + len(shown) * _ROW + 14)
        shapes.append(Label(spot, f"{left} more boxes", colour=GREY))
    title = f"{schedule.scop.name}: the schedule tree"
    head = Label((_EDGE, 20), title, SIZE + 1, bold=True)
    width = max(width, text_width(title, SIZE + 1, bold=True) + 2 * _EDGE)
    height = 34 + (len(shown) + (left > 0)) * _ROW + 6
    return Picture(title, str(schedule.tree), round(width), round(height), (head, *shapes))


def _rows(node: Node, statements: tuple[str, ...], depth: int) -> Iterator[Row]:
    match node:
        case Leaf():
            yield Row(depth, " ".join(statements), "", "", FAINT)
        case Band(members, child):
            for member in members:
                yield Row(depth, member.name, _counts(member), _runs(member), _colour(member))
                depth += 1
            yield from _rows(child, statements, depth)
        case Sequence(children):
            for part in children:
                conditions = [text for _, text in part.instances if text]
                if conditions:
                    yield Row(depth, "where", _short("; ".join(conditions)), "", FAINT)
                yield from _rows(part.child, part.statements, depth + bool(conditions))
        case Mark(name, child):
            yield Row(depth, name, "", "", FAINT)
            yield from _rows(child, statements, depth + 1)
        case Region(kind, child):
            yield Row(depth, f"region {kind}", "", "", GREEN)
            yield from _rows(child, statements, depth + 1)


def _counts(member: Member) -> str:
    """What a loop counts, where that is not plainly the variable of its name."""
    groups: dict[Affine, list[str]] = {}
    for statement, row in member.rows:
        groups.setdefault(row, []).append(statement)
    if len(groups) == 1:
        (row,) = groups
        return "" if row.single_name == member.name else _short(str(row))
    return _short(", ".join(f"{' '.join(names)}: {row}" for row, names in groups.items()))


def _short(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _runs(member: Member) -> str:
    words = [
        *(["parallel"] if member.parallel and not member.grid else []),
        *([f"{member.grid[:-1]} {member.grid[-1]}"] if member.parallel and member.grid else []),
        *(["pipeline"] if member.pipeline else []),
        *([f"partials {member.partials}"] if member.partials else []),
        *([f"vector {member.vector}"] if member.vector else []),
        *(["scan"] if member.scan else []),
        *(["unrolled"] if member.unroll else []),
    ]
    return ", ".join(words)


def _colour(member: Member) -> str:
    if member.parallel or member.pipeline:
        return GREEN
    if member.vector:
        return BLUE
    return PURPLE if is_tile(member) else GREY


def _connector(rows: list[Row], number: int, y: float) -> Iterator[Shape]:
    """From the box around a row to it."""
    depth = rows[number].depth
    if not depth:
        return
    above = next(k for k in range(number - 1, -1, -1) if rows[k].depth < depth)
    x = _EDGE + rows[above].depth * _STEP + 9
    middle = y + _HIGH / 2
    top = 34 + above * _ROW + _HIGH
    yield Line(((x, top), (x, middle), (_EDGE + depth * _STEP, middle)), GREY, 1)


def _box(row: Row, x: float, y: float) -> tuple[list[Shape], float]:
    name = text_width(row.name, bold=True)
    text = text_width(row.text, SIZE - 1, mono=True) + 10 if row.text else 0.0
    runs = text_width(row.runs) + 14 if row.runs else 0.0
    width = name + text + runs + 22
    base = y + _HIGH / 2 + 4
    shapes: list[Shape] = [
        Area(box(x, y, width, _HIGH), PAPER, GREY, name=f"{row.name} {row.runs}".strip()),
        Area(box(x, y, 6, _HIGH), row.colour),
        Label((x + 13, base), row.name, bold=True),
    ]
    if row.text:
        shapes.append(Label((x + 13 + name, base), row.text, SIZE - 1, colour=GREY, mono=True))
    if row.runs:
        shapes.append(Label((x + width - 9, base), row.runs, anchor="end", colour=INK))
    return shapes, x + width
