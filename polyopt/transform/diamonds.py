"""Diamond tiles: blocks of a stencil's time and space that can all start at once.

Bondhugula, Bandishti and Pananilath, Diamond tiling (IEEE TPDS 2017); Grosser, Verdoolaege,
Cohen and Sadayappan, The relation between diamond tiling and hexagonal tiling (2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import islpy as isl

from polyopt._isl import Frame, sample_point
from polyopt._spaces import integer
from polyopt.errors import BadArgumentError, IllegalScheduleError
from polyopt.model.affine import Affine, Compare
from polyopt.model.dependences import Dependence, Dependences
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Member, Tree
from polyopt.transform.edit import (
    Place,
    fresh_name,
    node_at,
    places,
    replace_at,
    resolve,
    textual_order,
)
from polyopt.transform.legality import Breach
from polyopt.transform.loops import check_size
from polyopt.transform.ranges import loops_around
from polyopt.transform.refusal import example
from polyopt.transform.witness import witness

_SLOPES = sorted({Fraction(p, q) for p in range(9) for q in range(1, 5)})
"""How far a dependence may move per step of time: 8 at most, in quarters."""


def diamond(
    tree: Tree,
    scop: Scop,
    dependences: Dependences,
    time: str,
    space: str,
    size: int,
    inner: Mapping[str, int],
) -> Tree:
    """Tile a time loop and a space loop of a stencil with diamonds; all of a row start at once.

    for t: for i: S(t, i)    →    for t_tile: parallel for i_tile:
                                      for t: for i in the diamond: S(t, i)

    With s the number of a statement's step, s = n*t + k for the k-th of the n statements in
    `time`, and a slope p/q such that no dependence moves more than p/q in `space` per step, the
    tiles are those of (p*s + q*i, p*s - q*i), `size` wide in i: i_tile is the tile number of the
    first, t_tile the sum of both. Each side has the least slope that its dependences allow. The
    loops in `inner` are tiled inside, skewed by their own least slopes. The order within a tile
    is the one before. Tiles of one t_tile depend on none of the same row.

    A statement without the loop `space` takes the place of those that depend on it, where that is
    one place. Refused where a dependence stays within a step, as of stencils that read what the
    same sweep wrote, and where a distance has no bound.

    Raises NoSuchLoopError, and BadArgumentError where a loop is not inside `time` or no size is
    right.
    """
    _check(size, space, inner)
    place = resolve(tree, time)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    stencil = _Stencil(tree, scop, dependences, place, f'diamond("{time}", "{space}")')
    tiles = stencil.tiles(space, size, inner)
    members = (*band.members[: place.position], *tiles, *band.members[place.position :])
    points = tuple(replace(m, parallel=False) if m is place.member else m for m in members)
    return replace_at(tree, place.path, Band(points, band.child))


def _check(size: int, space: str, inner: Mapping[str, int]) -> None:
    check_size("diamond", space, size)
    if not isinstance(inner, Mapping):
        raise BadArgumentError(
            f'diamond: inner takes loops and sizes, such as {{"j": 256}}, not {inner!r}.'
        )
    for loop, width in inner.items():
        check_size("diamond", loop, width)
    if space in inner:
        raise BadArgumentError(f'diamond names "{space}" twice: as the space loop, and as inner.')


@dataclass(frozen=True)
class _Moves:
    """By how much a dependence moves: in steps, and in a space loop."""

    dependence: Dependence
    loop: str
    relation: isl.Map
    ends: tuple[isl.Map, isl.Map]

    @cached_property
    def distances(self) -> isl.Set:
        """How many steps and places of the loop lie between source and sink."""
        source, sink = self.ends
        return self.relation.apply_domain(source).apply_range(sink).deltas().coalesce()

    def having(self, distances: isl.Set) -> isl.Map:
        """The pairs that are so far apart."""
        source, sink = self.ends
        apart = source.apply_range(distances.translation()).apply_range(sink.reverse())
        return self.relation.intersect(apart)


class _Stencil:
    """The statements under a time loop, the steps at which they run, and how values move."""

    def __init__(
        self, tree: Tree, scop: Scop, dependences: Dependences, place: Place, call: str
    ) -> None:
        self.tree, self.scop, self.place, self.call = tree, scop, place, call
        self.frames = {
            name: Frame(scop.parameter_names, name, scop.statement(name).iterators)
            for name in place.member.statements
        }
        order = tuple(dict.fromkeys(textual_order(node_at(tree, place.path), tuple(self.frames))))
        self.steps = {
            name: place.member.row(name) * len(order) + number for number, name in enumerate(order)
        }
        self.pairs = tuple(self._pairs(dependences))

    def _pairs(self, dependences: Dependences) -> Iterator[tuple[Dependence, isl.Map]]:
        """The dependences inside the time loop that the loops around it leave together."""
        around = loops_around(self.tree, self.place)
        for item in dependences:
            if item.source not in self.frames or item.sink not in self.frames:
                continue
            relation = item.relation
            for member in around:
                source = self.frames[item.source].pw_aff(member.row(item.source))
                sink = self.frames[item.sink].pw_aff(member.row(item.sink))
                relation = relation.intersect(source.eq_map(sink))
            if not relation.is_empty():
                yield item, relation

    def tiles(self, space: str, size: int, inner: Mapping[str, int]) -> tuple[Member, ...]:
        """The tile loops, outermost first."""
        rows = {loop: self._rows(loop) for loop in (space, *inner)}
        moves = [
            _Moves(item, loop, relation, self._ends(item, rows[loop]))
            for loop in rows
            for item, relation in self.pairs
        ]
        self._check_advance(moves)
        up, down = self._slope(moves, space, 1), self._slope(moves, space, -1)
        if not up and not down:
            up = down = Fraction(1)
        first = self._tile(rows[space], 1, up, size)
        second = self._tile(rows[space], -1, down, size)
        front = {s: first[s] + second[s] for s in self.steps}
        members = [
            self._member(self.place.member.name, front),
            replace(self._member(space, first), parallel=True),
        ]
        for loop, width in inner.items():
            slope = self._slope(moves, loop, 1)
            members.append(self._member(loop, self._tile(rows[loop], 1, slope, width)))
        names = [m.name for m in members]
        if len(set(names)) < len(names):
            raise BadArgumentError(
                f"{self.call} would make two tile loops of one name, {', '.join(names)}: the "
                f"space loop and the inner ones must have different names."
            )
        return tuple(members)

    def _member(self, loop: str, rows: Mapping[str, Affine]) -> Member:
        name = fresh_name(self.tree, f"{loop.rpartition('.')[2]}_tile")
        return Member(name, tuple((s, rows[s]) for s in self.frames))

    def _tile(
        self, rows: Mapping[str, Affine], sign: int, slope: Fraction, size: int
    ) -> dict[str, Affine]:
        """The tiles along a slope p/q: of p*step + q*row, or of p*step - q*row."""
        p, q = slope.numerator, slope.denominator
        return {
            s: (step * p + rows[s] * (sign * q)).floordiv(size * q)
            for s, step in self.steps.items()
        }

    # ---- the space loops -----------------------------------------------------------------

    def _rows(self, loop: str) -> dict[str, Affine]:
        """The row of a space loop for each statement."""
        found = {s: row for s in self.frames if (row := self._row(s, loop)) is not None}
        if not found:
            resolve(self.tree, loop)
            raise BadArgumentError(
                f'{self.call}: "{loop}" is not a loop inside "{self.place.member.name}". '
                f"The time loop comes first."
            )
        for statement in self.frames:
            if statement not in found:
                found[statement] = self._beside(statement, loop, found)
        return found

    def _row(self, statement: str, loop: str) -> Affine | None:
        """The row of the loop of that name between the time loop and a statement."""
        plain = loop.rpartition(".")[2]
        inside = [
            p.member
            for p in places(self.tree)
            if (p.path, p.position) > (self.place.path, self.place.position)
            and plain in (p.member.name, *p.member.aliases)
            and statement in p.member.statements
        ]
        return inside[-1].row(statement) if inside else None

    def _beside(self, statement: str, loop: str, rows: Mapping[str, Affine]) -> Affine:
        """The one place at which all that depends on a statement without the loop is."""
        reached: set[int | None] = set()
        for item, relation in self.pairs:
            if item.source == statement and item.sink in rows:
                there = relation.range().apply(
                    self.frames[item.sink].access("at", (rows[item.sink],))
                )
                value = there.plain_get_val_if_fixed(isl.dim_type.set, 0)
                reached.add(integer(value) if value.is_int() else None)
        if len(reached) == 1 and None not in reached:
            return Affine.integer(reached.pop() or 0)
        raise BadArgumentError(
            f'{self.call}: {statement} has no loop "{loop}", and what depends on it is not in '
            f"one place there. Distribute the time loop before or behind it, or leave it out."
        )

    # ---- slopes --------------------------------------------------------------------------

    def _ends(self, item: Dependence, rows: Mapping[str, Affine]) -> tuple[isl.Map, isl.Map]:
        """The step and the place in a space loop, of a dependence's source and of its sink."""
        source, sink = (
            self.frames[name].access("at", (self.steps[name], rows[name]))
            for name in (item.source, item.sink)
        )
        return source, sink

    def _holds(self, left: Affine, right: int) -> isl.Set:
        frame = Frame(self.scop.parameter_names, "at", ("step", "move"))
        return frame.holds(Compare(">=", left, Affine.integer(right)))

    def _check_advance(self, moves: list[_Moves]) -> None:
        later = self._holds(Affine.name("step"), 1)
        for move in moves:
            stuck = move.distances.subtract(later)
            if not stuck.is_empty():
                raise self._refusal(
                    f"{self.call} needs every dependence to advance in time, and "
                    f"{self._words(move, stuck)} within one step. A stencil that reads what the "
                    f"same sweep wrote has no tiles that start at once: skew the loops, tile "
                    f"them, and run the tiles as a wavefront or a pipeline.",
                    move,
                    stuck,
                )

    def _slope(self, moves: list[_Moves], loop: str, sign: int) -> Fraction:
        """The least slope such that p*step + sign*q*move >= 0 for every dependence."""
        least = 0
        for move in (m for m in moves if m.loop == loop):
            while not (outside := self._outside(move, sign, _SLOPES[least])).is_empty():
                least += 1
                if least == len(_SLOPES):
                    raise self._refusal(
                        f"{self.call} needs every dependence to move at most {_SLOPES[-1]} in "
                        f'"{loop}" per step, and {self._words(move, outside)}. Tile the loops '
                        f"inside the time loop instead.",
                        move,
                        outside,
                    )
        return _SLOPES[least]

    def _outside(self, move: _Moves, sign: int, slope: Fraction) -> isl.Set:
        """The distances that a slope does not cover."""
        across = Affine.name("move") * (sign * slope.denominator)
        inside = self._holds(Affine.name("step") * slope.numerator + across, 0)
        return move.distances.subtract(inside)

    def _refusal(self, words: str, move: _Moves, distances: isl.Set) -> IllegalScheduleError:
        """The words, and two instances that are so far apart."""
        breach = Breach(move.dependence, move.having(distances), "leaf", None)
        case = witness(self.scop, breach)
        return IllegalScheduleError("\n".join([words, "", *example(self.scop, case)]), (case,))

    def _words(self, move: _Moves, distances: isl.Set) -> str:
        """What a dependence does, by an example."""
        item = move.dependence
        found = sample_point(distances)
        by = found[1] if found else (0, 0)
        a = "an" if item.kind[0] in "ao" else "a"
        moves = f'moves {by[1]} in "{move.loop}"'
        steps = f" in {by[0]} step{'s' if by[0] != 1 else ''}" if by[0] else ""
        named = f"{a} {item.kind} dependence of {item.sink} on {item.source} through {item.array}"
        return f"{named} {moves}{steps}"
