"""Separation of full tiles from partial ones, so that full ones run without guards."""

from __future__ import annotations

import islpy as isl

from polyopt._isl import Frame
from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine, Floor
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Band, Filter, Member, Sequence, Tree
from polyopt.transform.edit import Place, node_at, places, renamed, replace_at, resolve


def separate(tree: Tree, scop: Scop, loops: tuple[str, ...], inside: str | None = None) -> Tree:
    """Run the full tiles of some point loops apart from the partial ones.

    for i_tile: for j_tile: for i: for j: S
        →    for i_tile: for j_tile:
                 where the tile is full: for i: for j: S
                 elsewhere:              for i_edge: for j_edge: S

    A tile is full where every point of its box is in the domain, the loops not named standing
    still. The tile loops stay shared, down to the loop `inside` where one is given; everything
    below is doubled. Full tiles run first, so this is refused where a partial tile must run
    before a full one inside one iteration of the shared loops: a deeper `inside` then helps.

    Raises NoSuchLoopError, and BadArgumentError where a loop named is not a point loop of a tile,
    or `inside` not a loop between the tile loops and the point loops.
    """
    if not loops:
        raise BadArgumentError('separate needs the point loops of a tile, such as ("i", "j").')
    found = [resolve(tree, name) for name in loops]
    if len({p.path for p in found}) > 1:
        raise BadArgumentError(f"separate: {', '.join(loops)} are not in one nest of loops.")
    band = node_at(tree, found[0].path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    tiles = [_tile_of(tree, place) for place in found]
    cut = max((t.position + 1 for t in tiles if t.path == found[0].path), default=0)
    if inside is not None:
        cut = _shared(tree, found, cut, inside)
    outer, inner = band.members[:cut], band.members[cut:]
    full = {
        name: str(_full(scop, scop.statement(name), tiles, found, _standing(tree, found)))
        for name in found[0].member.statements
    }
    rest = {name: str(_rest(scop.statement(name), text)) for name, text in full.items()}
    below = Band(inner, band.child)
    edge = renamed(tree, below, "edge")
    sequence = Sequence((Filter(tuple(full.items()), below), Filter(tuple(rest.items()), edge)))
    return replace_at(tree, found[0].path, Band(outer, sequence) if outer else sequence)


def _tile_of(tree: Tree, point: Place) -> Place:
    """The innermost tile loop of a point loop, in its band or around it."""
    name, row = point.member.rows[0]
    outside = [
        p
        for p in places(tree)
        if p.path == point.path[: len(p.path)]
        and (p.path, p.position) < (point.path, point.position)
        and name in p.member.statements
    ]
    for place in reversed(outside):
        outer = place.member.row(name)
        atom = outer.terms[0][0] if len(outer.terms) == 1 else None
        if isinstance(atom, Floor) and atom.numerator == row:
            return place
    raise BadArgumentError(
        f'separate: "{point.member.name}" is not the point loop of a tile in this nest. '
        f"Tile it first."
    )


def _shared(tree: Tree, points: list[Place], cut: int, inside: str) -> int:
    """How many loops of the band stay shared, down to the loop `inside`."""
    last = resolve(tree, inside)
    first = min(p.position for p in points)
    if last.path != points[0].path or not cut <= last.position + 1 <= first:
        raise BadArgumentError(
            f'separate: inside="{inside}" is not a loop between the tile loops and '
            f'"{points[0].member.name}". Permute the loops first, or leave it out.'
        )
    return last.position + 1


def _standing(tree: Tree, points: list[Place]) -> list[Member]:
    """The loops around or inside the points of a tile that are neither these nor tile loops."""
    path, named = points[0].path, [p.member for p in points]
    return [
        p.member
        for p in places(tree)
        if p.path == path[: len(p.path)]
        and p.member not in named
        and all(row.is_linear for _, row in p.member.rows)
    ]


def _full(
    scop: Scop,
    statement: Statement,
    tiles: list[Place],
    points: list[Place],
    standing: list[Member],
) -> isl.Set:
    """The instances in full tiles: the domain minus the tiles that points outside it touch."""
    frame = Frame(scop.parameter_names, statement.name, statement.iterators)
    moved = {n for p in points for n in p.member.row(statement.name).names()}
    still = [m.row(statement.name) for m in standing]
    # What no loop here holds, loops further in may: those of another nest, after distribution.
    held = {n for row in still for n in row.names()}
    still += [Affine.name(i) for i in statement.iterators if i not in moved | held]
    key = frame.access("key", [*(t.member.row(statement.name) for t in tiles), *still])
    outside = frame.universe().subtract(statement.domain)
    bad = outside.apply(key)
    return statement.domain.subtract(bad.apply(key.reverse())).coalesce()


def _rest(statement: Statement, full: str) -> isl.Set:
    return statement.domain.subtract(isl.Set(full)).coalesce()
