"""Steps on the loops of one nest: order, skew, tiles, marks. Each is a pure function on trees.

None judges legality: `Schedule` does, after every step, with the one function in `legality`.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import replace

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.tree import Band, Mark, Member, Tree
from polyopt.transform.edit import (
    Place,
    fresh_name,
    node_at,
    replace_at,
    replace_member,
    resolve,
    statement_called,
)

_LARGEST = 2**31 - 1
"""Of sizes, factors and amounts: sums of a few products stay far from the end of 64 bits."""

_MOST_UNROLLED = 1024
"""Iterations side by side: compilers take some ten thousand, and nothing gains from as many."""


def _band(tree: Tree, names: tuple[str, ...], step: str) -> tuple[Band, list[Place]]:
    found = [resolve(tree, n) for n in names]
    if len({(p.path, p.position) for p in found}) != len(found):
        raise BadArgumentError(f"{step} names one loop twice: {', '.join(names)}.")
    if len({p.path for p in found}) > 1:
        between = _block_between(tree, found)
        raise BadArgumentError(
            f"{step} needs perfectly nested loops, and {', '.join(names)} are not: "
            + (
                f'"{between}" stands between them. Take this step first, and that one after it.'
                if between
                else "statements or loops stand between them. Distribute the outer loop first."
            )
        )
    band = node_at(tree, found[0].path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    return band, found


def _block_between(tree: Tree, found: list[Place]) -> str:
    """The mark of a block between the outermost and the innermost of some loops, or nothing."""
    outer, inner = min(p.path for p in found), max((p.path for p in found), key=len)
    inside = (node_at(tree, inner[:depth]) for depth in range(len(outer) + 1, len(inner)))
    marks = (node.name.partition(" order ")[0] for node in inside if isinstance(node, Mark))
    return next(marks, "")


def permute(tree: Tree, names: tuple[str, ...]) -> Tree:
    """Put the named loops into the given order, outermost first.

    for i: for j: for k    —permute("k", "i", "j")→    for k: for i: for j

    The places that the named loops hold in their band are filled in the order given; loops not
    named stay where they are. Refused where a dependence would run backwards.
    """
    if len(names) < 2:
        raise BadArgumentError('permute needs two loops or more, such as permute("j", "i").')
    band, found = _band(tree, names, "permute")
    members = list(band.members)
    for slot, place in zip(sorted(p.position for p in found), found, strict=True):
        members[slot] = place.member
    return replace_at(tree, found[0].path, replace(band, members=tuple(members)))


def interchange(tree: Tree, first: str, second: str) -> Tree:
    """Swap two loops of one band (Allen and Kennedy 1984).

    for i: for j: S(i, j)    →    for j: for i: S(i, j)

    Refused where a dependence has distance (+, -) in the two.
    """
    band, (a, b) = _band(tree, (first, second), "interchange")
    members = list(band.members)
    members[a.position], members[b.position] = b.member, a.member
    return replace_at(tree, a.path, replace(band, members=tuple(members)))


def _map_rows(member: Member, change: Mapping[str, Affine]) -> Member:
    return replace(member, rows=tuple((s, change.get(s, r)) for s, r in member.rows))


def reverse(tree: Tree, loop: str) -> Tree:
    """Run a loop backwards.

    for i = 0 … n-1: S(i)    →    for i = -(n-1) … 0: S(-i)

    Refused where the loop carries a dependence.
    """
    place = resolve(tree, loop)
    rows = {s: -r for s, r in place.member.rows}
    return replace_member(tree, place, _map_rows(place.member, rows))


def skew(tree: Tree, loop: str, by: str, factor: int) -> Tree:
    """Skew `loop` by `factor` times the outer loop `by` (Wolfe 1986).

    for i: for j: S(i, j)    →    for i: for j in [lo + factor*i, hi + factor*i): S(i, j - factor*i)

    Always legal by itself: the order of instances is unchanged. It is what makes a later
    interchange, tile or wavefront legal when distances are negative in `loop`.

    Raises NoSuchLoopError, and BadArgumentError when `by` is not outside `loop`.
    """
    _check_integer(f'skew("{loop}", by="{by}")', "factor", factor)
    place, outer = resolve(tree, loop), resolve(tree, by)
    _check_outside(place, outer, f'skew("{loop}", by="{by}")')
    rows = {s: r + outer.member.row(s) * factor for s, r in place.member.rows}
    return replace_member(tree, place, _map_rows(place.member, rows))


def _check_outside(place: Place, outer: Place, call: str) -> None:
    """Raise BadArgumentError, in the name of `call`, where one loop is not outside the other."""
    above = outer.path == place.path[: len(outer.path)]
    before = (outer.path, outer.position) < (place.path, place.position)
    if not (above and before) or outer == place:
        raise BadArgumentError(
            f'{call} needs "{outer.member.name}" outside "{place.member.name}", and it is not. '
            f"Swap the two names, or interchange the loops first."
        )


def shift(tree: Tree, statement: str, loop: str, amount: int) -> Tree:
    """Delay one statement in a loop by `amount` iterations.

    for i: S1(i); S2(i)    —shift("S2", "i", 1)→    for i: S1(i); S2(i - 1)

    Refused where a dependence from or to the statement would run backwards.
    """
    statement = statement_called(tree, statement)
    _check_integer(f'shift("{statement}", "{loop}")', "amount", amount)
    if isinstance(loop, str) and "." not in loop:
        loop = f"{statement}.{loop}"
    place = resolve(tree, loop)
    if statement not in place.member.statements:
        raise BadArgumentError(f'shift: "{loop}" is not a loop around {statement}.')
    rows = {statement: place.member.row(statement) + amount}
    return replace_member(tree, place, _map_rows(place.member, rows))


def strip_mine(tree: Tree, loop: str, size: int, name: str | None = None) -> Tree:
    """Cut a loop into strips of `size` iterations.

    for i: S(i)    →    for i_tile: for i in [size*i_tile, size*i_tile + size): S(i)

    Always legal. The point loop keeps its name, the strip loop is `i_tile` unless named.
    """
    check_size("strip_mine", loop, size)
    place = resolve(tree, loop)
    member = place.member
    if name is None:
        name = fresh_name(tree, f"{member.name}_tile")
    else:
        _check_name(tree, "strip_mine", name)
    rows = tuple((s, r.floordiv(size)) for s, r in member.rows)
    outer = Member(name, rows, tuple(f"{a}_tile" for a in member.aliases))
    inner = replace(member, parallel=False)
    return replace_member(tree, place, replace(outer, parallel=member.parallel), inner)


def _check_integer(step: str, what: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise BadArgumentError(
            f"{step}: the {what} must be an integer of at most {_LARGEST}, not {value!r}."
        )


def _check_name(tree: Tree, step: str, name: object) -> str:
    """A name that the caller gave to a loop. Raises BadArgumentError where it cannot be one."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise BadArgumentError(
            f"{step}: {name!r} cannot name a loop. Scripts and the emitted C refer to it: use an "
            f"identifier."
        )
    if name in tree.statements or fresh_name(tree, name) != name:
        raise BadArgumentError(f'{step}: the name "{name}" is taken here. Give another one.')
    return name


def check_size(step: str, loop: str, size: int) -> None:
    """Raise BadArgumentError, in the name of a step, where a tile's size is none."""
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _LARGEST:
        raise BadArgumentError(
            f'{step}: the size of "{loop}" must be a positive integer of at most {_LARGEST}, '
            f"not {size!r}."
        )


def tile(tree: Tree, sizes: Mapping[str, int], names: Mapping[str, str]) -> Tree:
    """Tile loops of one band (Wolfe 1989).

    for i: for j: S    —tile({"i": 32, "j": 64})→    for i_tile: for j_tile: for i: for j: S

    The tile loops go, in the order given, to the place of the outermost named loop; the point
    loops follow where they were. Refused where a dependence has a negative distance in one.
    """
    if not isinstance(sizes, Mapping) or not sizes:
        raise BadArgumentError('tile needs at least one loop and size, such as {"i": 32}.')
    if not isinstance(names, Mapping):
        raise BadArgumentError(f'tile: names are given as {{"i": "block"}}, not {names!r}.')
    for loop, size in sizes.items():
        check_size("tile", loop, size)
    surplus = [n for n in names if n not in sizes]
    if surplus:
        raise BadArgumentError(
            f"tile: names are given for loops that are not tiled: {', '.join(surplus)}."
        )
    band, found = _band(tree, tuple(sizes), "tile")
    tiles: list[Member] = []
    for (loop, size), place in zip(sizes.items(), found, strict=True):
        member = place.member
        label = fresh_name(tree, f"{member.name}_tile")
        if loop in names:
            label = _check_name(tree, "tile", names[loop])
        if label in {t.name for t in tiles}:
            raise BadArgumentError(f'tile: two tile loops would be called "{label}".')
        rows = tuple((s, r.floordiv(size)) for s, r in member.rows)
        tiles.append(
            Member(label, rows, tuple(f"{a}_tile" for a in member.aliases), member.parallel)
        )
    positions = {p.position for p in found}
    first = min(positions)
    points = [
        replace(m, parallel=False) if i in positions else m for i, m in enumerate(band.members)
    ]
    members = (*points[:first], *tiles, *points[first:])
    return replace_at(tree, found[0].path, replace(band, members=members))


def wavefront(tree: Tree, outer: str, inner: str) -> Tree:
    """Run two loops along their sum, the inner one in parallel (Lamport 1974).

    for i: for j: S    →    for i = front: parallel for j: S(front - j, j)

    Refused where a dependence is not carried by the sum: distances must be non-negative in both.
    """
    first, second = resolve(tree, outer), resolve(tree, inner)
    _check_outside(second, first, f'wavefront("{outer}", "{inner}")')
    rows = {
        s: r + second.member.row(s) for s, r in first.member.rows if s in second.member.statements
    }
    if set(rows) != set(first.member.statements):
        raise BadArgumentError(
            f'wavefront: "{inner}" does not run for every statement of "{outer}". '
            f"Distribute the outer loop first."
        )
    front = replace(_map_rows(first.member, rows), parallel=False)
    tree = replace_member(tree, first, front)
    second = resolve(tree, inner)
    return replace_member(tree, second, replace(second.member, parallel=True))


def parallel(tree: Tree, loop: str) -> Tree:
    """Run a loop's iterations on threads.

    for i: S(i)    →    parallel for i: S(i)

    Refused where the loop carries a dependence, given the loops around it.
    """
    place = resolve(tree, loop)
    return replace_member(tree, place, replace(place.member, parallel=True, pipeline=False))


def pipeline(tree: Tree, loop: str, along: str) -> Tree:
    """Run a loop's iterations on threads, each a step behind the one before (Cytron 1986).

    for i: for j: S(i, j)    →    pipeline for i: for j: wait until i - 1 has done j; S(i, j)

    Iterations are dealt to the threads in turn. Before each iteration of `along`, the loop directly
    inside, a thread waits until the iteration of `loop` before has finished that value, and says
    when it has finished it itself. So everything at (i', j') with i' <= i and j' <= j has run
    before (i, j), and no more is known: refused where a dependence goes forward in one of the two
    and backward in the other. Tile first, so that a wait is small beside what runs between two:
    pipeline("i_tile", "j_tile").

    Raises NoSuchLoopError, and BadArgumentError where `along` is not directly inside `loop`.
    """
    outer, inner = resolve(tree, loop), resolve(tree, along)
    if outer.path != inner.path or inner.position != outer.position + 1:
        raise BadArgumentError(
            f'pipeline("{loop}", "{along}") needs "{along}" directly inside "{loop}", with nothing '
            f"between them, and it is not. Permute the loops, or distribute the outer one."
        )
    tree = replace_member(tree, inner, replace(inner.member, parallel=False, pipeline=False))
    member = replace(outer.member, parallel=False, vector=0, unroll=0, pipeline=True)
    return replace_member(tree, outer, member)


def vectorize(tree: Tree, loop: str, width: int) -> Tree:
    """Run a loop's iterations in the lanes of vector registers.

    Refused where the loop carries a dependence other than that of a reduction which the
    kernel's `fp` mode lets reorder; such a reduction is kept in partial results, one a lane.
    """
    if not isinstance(width, int) or isinstance(width, bool) or not 1 <= width <= _MOST_UNROLLED:
        raise BadArgumentError(
            f'vectorize: the width of "{loop}" must be a positive integer of at most '
            f"{_MOST_UNROLLED}, not {width!r}."
        )
    place = resolve(tree, loop)
    return replace_member(tree, place, replace(place.member, vector=width))


def unroll(tree: Tree, loop: str, factor: int) -> Tree:
    """Unroll a loop by `factor`, or wholly with -1. Always legal."""
    right = isinstance(factor, int) and not isinstance(factor, bool)
    if not right or not (factor == -1 or 1 <= factor <= _MOST_UNROLLED):
        raise BadArgumentError(
            f'unroll: the factor of "{loop}" must be a positive integer of at most '
            f"{_MOST_UNROLLED}, or -1 for all of it, not {factor!r}."
        )
    place = resolve(tree, loop)
    return replace_member(tree, place, replace(place.member, unroll=factor))
