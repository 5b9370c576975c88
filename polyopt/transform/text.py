"""The text form of a schedule tree, read back: what `restructure` takes.

    t = [S1 S2: t]
      i = [S1: i, S2: i + 1]
        S1
        S2

One line a loop, `name = [statements: row, …]`; deeper lines are inside; a line of statement names
ends a path; lines of one depth run one after another. `str(schedule.tree)` has the same form.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.tree import Band, Filter, Leaf, Member, Node, Sequence, Tree
from polyopt.transform.edit import normal, whole

_LOOP = re.compile(r"^(\w+) = \[(.*)\]$")


@dataclass(frozen=True)
class _Line:
    depth: int
    text: str
    number: int


def parse_affine(text: str) -> Affine:
    """A row such as `2*t + i//4 - 1`.

    Raises BadArgumentError where it is not quasi-affine.
    """
    try:
        return _affine(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, TypeError) as error:
        raise BadArgumentError(
            f'"{text.strip()}" is not a quasi-affine row: add iterators and parameters, multiply, '
            f"floor-divide or take remainders by integer constants only."
        ) from error


def _affine(node: ast.expr) -> Affine:
    match node:
        case ast.Name(id=name):
            return Affine.name(name)
        case ast.Constant(value=int(value)):
            return Affine.integer(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_affine(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(op, _affine(left), _affine(right))
    raise TypeError(ast.dump(node))


def _combine(op: ast.operator, left: Affine, right: Affine) -> Affine:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult() if right.is_constant:
            return left * right.constant
        case ast.Mult() if left.is_constant:
            return right * left.constant
        case ast.FloorDiv() if right.is_constant and right.constant > 0:
            return left.floordiv(right.constant)
        case ast.Mod() if right.is_constant and right.constant > 0:
            return left.mod(right.constant)
    raise TypeError("not quasi-affine")


def parse_tree(text: str, iterators: Mapping[str, frozenset[str]]) -> Tree:
    """The tree that a text describes.

    `iterators` gives, per statement, the names its rows may use (parameters included).
    Raises BadArgumentError where a line cannot be read, a statement is missing, twice or unknown,
    or a loop has no row for a statement below it.
    """
    lines = [
        _Line(len(raw) - len(raw.lstrip()), raw.strip(), number)
        for number, raw in enumerate(text.splitlines(), 1)
        if raw.strip()
    ]
    seen: list[str] = []
    items, rest = _block(lines, seen, iterators)
    if rest:
        raise BadArgumentError(f"line {rest[0].number} is indented less than the first line.")
    missing = [s for s in iterators if s not in seen]
    if missing:
        raise BadArgumentError(f"restructure must order every statement; missing: {missing}.")
    root: Node = items[0].child if len(items) == 1 else Sequence(tuple(items))
    return Tree(tuple(iterators), normal(root)) if items else Tree((), Leaf())


def _block(
    lines: list[_Line], seen: list[str], iterators: Mapping[str, frozenset[str]]
) -> tuple[list[Filter], list[_Line]]:
    """The items of one depth, and the lines that follow them."""
    items: list[Filter] = []
    if not lines:
        return items, lines
    depth = lines[0].depth
    while lines and lines[0].depth == depth:
        line, lines = lines[0], lines[1:]
        loop = _LOOP.match(line.text)
        if loop is None:
            items += [_leaf(name, line, seen, iterators) for name in line.text.split()]
            continue
        if not lines or lines[0].depth <= depth:
            raise BadArgumentError(f"line {line.number}: nothing is inside the loop {loop[1]}.")
        inner, lines = _block(lines, seen, iterators)
        items.append(_loop(loop[1], loop[2], inner, line, iterators))
    if lines and lines[0].depth > depth:
        raise BadArgumentError(f"line {lines[0].number} is indented more than its neighbours.")
    return items, lines


def _leaf(
    name: str, line: _Line, seen: list[str], iterators: Mapping[str, frozenset[str]]
) -> Filter:
    if name not in iterators:
        known = ", ".join(iterators)
        raise BadArgumentError(
            f'line {line.number}: "{name}" is neither a loop nor one of {known}.'
        )
    if name in seen:
        raise BadArgumentError(f"line {line.number}: {name} is ordered twice.")
    seen.append(name)
    return whole((name,), Leaf())


def _loop(
    name: str,
    body: str,
    inner: list[Filter],
    line: _Line,
    iterators: Mapping[str, frozenset[str]],
) -> Filter:
    rows: dict[str, Affine] = {}
    for group in body.split(","):
        names, colon, row = group.partition(":")
        if not colon:
            raise BadArgumentError(f'line {line.number}: "{group.strip()}" needs "S1: row".')
        for statement in names.split():
            rows[statement] = parse_affine(row)
    below = tuple(s for item in inner for s in item.statements)
    for statement in below:
        if statement not in rows:
            raise BadArgumentError(f"line {line.number}: loop {name} has no row for {statement}.")
        unknown = rows[statement].names() - iterators[statement]
        if unknown:
            raise BadArgumentError(
                f"line {line.number}: {statement} has no iterator {', '.join(sorted(unknown))}."
            )
    member = Member(name, tuple((s, rows[s]) for s in below))
    child: Node = inner[0].child if len(inner) == 1 else Sequence(tuple(inner))
    return whole(below, normal(Band((member,), child)))
