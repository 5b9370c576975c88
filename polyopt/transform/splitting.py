"""Index-set splitting: one loop as two over parts of its range."""

from __future__ import annotations

from polyopt._isl import Frame
from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine, Compare
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Filter, Member, Node, Sequence, Tree
from polyopt.transform.edit import node_at, renamed, replace_at, resolve
from polyopt.transform.ranges import loops_around
from polyopt.transform.text import parse_affine


def split(tree: Tree, scop: Scop, loop: str, at: str | int) -> Tree:
    """Run a loop's range in two parts (Griebl, Feautrier and Lengauer 2000).

    for i: S(i)    —split("i", at="k")→    for i < k: S(i)
                                           for i2 >= k: S(i2)

    The loops of the second part get names of their own. `at` is affine in the parameters, in the
    iterators of the statements inside, and in loops outside: split("k_tile", at="i_tile"). Always
    legal where it does not move with the loop itself: the order of instances is unchanged. It
    frees what only one iteration holds up: split there, and the parts may be parallel or vector
    loops.

    Raises NoSuchLoopError, and BadArgumentError where `at` uses other names.
    """
    place = resolve(tree, loop)
    pivot = parse_affine(at)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    around = loops_around(tree, place)
    pivots = {n: _pivot(scop, n, pivot, around) for n in place.member.statements}
    is_itself = all((pivots[n] - place.member.row(n)).is_constant for n in pivots)
    below: list[tuple[str, str]] = []
    above: list[tuple[str, str]] = []
    for name in place.member.statements:
        row = place.member.row(name)
        stands = (row - pivots[name]).is_constant and not is_itself
        first, second = _halves(scop, name, row, pivots[name], loop, stands=stands)
        below.append((name, first))
        above.append((name, second))
    outer, inner = band.members[: place.position], band.members[place.position :]
    part: Node = Band(inner, band.child)
    rest = renamed(tree, part)
    halves = Sequence((Filter(tuple(below), part), Filter(tuple(above), rest)))
    return replace_at(tree, place.path, Band(outer, halves) if outer else halves)


def _pivot(scop: Scop, name: str, pivot: Affine, around: tuple[Member, ...]) -> Affine:
    """The pivot with loops that are no iterators of a statement as its rows of them."""
    known = {*scop.statement(name).iterators, *scop.parameter_names}
    rows = {m.name: m.row(name) for m in around if m.name not in known}
    return pivot.substitute({n: row for n, row in rows.items() if n in pivot.names()})


def _halves(
    scop: Scop, name: str, row: Affine, pivot: Affine, loop: str, *, stands: bool
) -> tuple[str, str]:
    """The instances of a statement before and from the pivot, as texts; `stands`: all of them are
    on one side, for the pivot is at a distance from the loop's own row."""
    statement = scop.statement(name)
    known = {*statement.iterators, *scop.parameter_names}
    if not pivot.names() <= known:
        raise BadArgumentError(
            f'split("{loop}", at="{pivot}"): {name} has no iterator or parameter '
            f"{', '.join(sorted(pivot.names() - known))}. It has {', '.join(sorted(known))}."
        )
    if not stands and row.names() & pivot.names() & set(statement.iterators):
        raise BadArgumentError(
            f'split("{loop}", at="{pivot}"): the place to split at moves with the loop itself. '
            f"Use outer iterators and parameters only."
        )
    frame = Frame(scop.parameter_names, name, statement.iterators)
    before = statement.domain.intersect(frame.holds(Compare("<", row, pivot)))
    return str(before.coalesce()), str(statement.domain.subtract(before).coalesce())
