"""Contractions among other statements, each in a nest of its own.

    for i: for j:                                  for i: for j: t[i, j] = 0
        t = 0                                      for i: for j: for k < i: t[i, j] += B[k, j] * …
        for k < i:                             →   for i: for j: C[i, j] = β C[i, j] + α t[i, j]
            C[k, j] += B[i, j] * A[i, k]           for i: for j: for k < i: C[k, j] += …
            t += B[k, j] * A[i, k]
        C[i, j] = β C[i, j] + α t

Sums into scalars have their copies side by side, and the statements that no cycle of dependences
joins have loops of their own, in an order of the dependences (Allen and Kennedy, Automatic
Translation of Fortran Programs to Vector Form, 1987). Each contraction then is tiled as any other.
"""

from __future__ import annotations

from functools import partial

from polyopt.errors import BadArgumentError
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Sequence
from polyopt.transform.auto.context import Search, attempt
from polyopt.transform.auto.structure import with_component
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.tiles import is_tiled, may_contract, tile_contractions
from polyopt.transform.edit import normal, restrict, whole
from polyopt.transform.schedule import Schedule
from polyopt.transform.storage import uses

_FEWEST_TRIPS = 64
"""Iterations that each loop of a contraction has to have for an array of its sums to pay."""


def contract_apart(
    search: Search, schedule: Schedule, tiled: Schedule, inside: frozenset[str]
) -> Schedule | None:
    """A nest whose contractions are parted from its other statements, and tiled; None where they
    cannot be, one of them is not tiled, or all are in `tiled` already."""
    cores = [
        s for s in schedule.scop.statements if s.name in inside and _is_large(search, schedule, s)
    ]
    if len(inside) < 2 or not search.panels or all(is_tiled(tiled, c.name) for c in cores):
        return None
    apart = _expanded(schedule, cores)
    apart = apart and attempt(apart, partial(_distributed, inside=inside))
    if apart is None or not blocks_exist(apart):
        return None
    apart = tile_contractions(search, apart, inside)
    return apart if all(is_tiled(apart, core.name) for core in cores) else None


def _is_large(search: Search, schedule: Schedule, statement: Statement) -> bool:
    trips = search.trips(schedule)
    return (
        may_contract(statement)
        and _is_product(statement)
        and all(trips.of(statement, i) >= _FEWEST_TRIPS for i in statement.iterators)
    )


def _is_product(statement: Statement) -> bool:
    """Whether two operands each move with an iterator of the target that the other misses."""
    target = {n for s in statement.subscripts for n in s.names()}
    moved = [
        target & {n for s in a.subscripts for n in s.names()}
        for a in statement.accesses
        if (a.array, a.subscripts) != (statement.array, statement.subscripts)
    ]
    return any(a - b and b - a for a in moved for b in moved)


def _expanded(schedule: Schedule, cores: list[Statement]) -> Schedule | None:
    """The schedule with all copies of the scalars that contractions sum up into side by side; None
    where that takes more memory than an array of the kernel."""
    for array in dict.fromkeys(core.array for core in cores):
        copies = dict(schedule.scop.private).get(array, 0)
        if not copies:
            continue
        users = [s for s in schedule.scop.statements if uses(s, array)]
        if not any(_is_as_large(schedule.scop, user, array, copies) for user in users):
            return None
        for _ in range(copies):
            made = attempt(schedule, partial(Schedule.expand, array=array))
            if made is None:
                return None
            schedule = made
    return schedule


def _is_as_large(scop: Scop, user: Statement, array: str, copies: int) -> bool:
    """Whether a statement that uses copies touches as many elements of an array of the kernel."""
    moving = set(user.iterators[:copies])
    kept = {a.name for a in scop.arrays if a.shape and a.name not in dict(scop.private)}
    return any(
        a.array != array
        and a.array in kept
        and moving <= {n for s in a.subscripts for n in s.names()}
        for a in user.accesses
    )


# ---- distribution ----------------------------------------------------------------------------


def _distributed(s: Schedule, inside: frozenset[str]) -> Schedule:
    """The nest in as many as its dependences allow, in an order of those."""
    names = tuple(n for n in s.statements if n in inside)
    groups = _groups(s, names)
    if len(groups) == 1:
        return s
    root = s.tree.root
    if isinstance(root, Sequence):
        root = next((c.child for c in root.children if set(names) == set(c.statements)), root)
    parts = tuple(whole(group, restrict(root, frozenset(group))) for group in groups)
    tree = with_component(s.tree, names, normal(Sequence(parts)))
    if tree is None:
        raise BadArgumentError("the nest is not one of the outermost")
    return s.restructure(str(tree))


def _groups(s: Schedule, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The statements that cycles of dependences, or copies of one scalar, join: in an order of the
    dependences, and as they stand where these leave it open."""
    later: dict[str, set[str]] = {name: set() for name in names}
    for dependence in s.dependences:
        inside = {dependence.source, dependence.sink} <= set(names)
        if inside and not s.judge.may_reorder(dependence):
            later[dependence.source].add(dependence.sink)
    for array, _ in s.scop.private:
        users = [n for n in names if uses(s.scop.statement(n), array)]
        for first, second in zip(users, (*users[1:], *users[:1]), strict=True):
            later[first].add(second)
    reached = {name: _reached(later, name) for name in names}
    left = {name: tuple(m for m in names if _are_joined(reached, name, m)) for name in names}
    found: list[tuple[str, ...]] = []
    while left:
        group = next(
            g for g in left.values() if not any(reached[n] & set(g) for n in left if n not in g)
        )
        found.append(group)
        left = {name: other for name, other in left.items() if other != group}
    return found


def _are_joined(reached: dict[str, set[str]], first: str, second: str) -> bool:
    return first == second or (second in reached[first] and first in reached[second])


def _reached(later: dict[str, set[str]], name: str) -> set[str]:
    """The statements that must run after one, at least in part."""
    found: set[str] = set()
    left = [name]
    while left:
        new = later[left.pop()] - found
        found |= new
        left += new
    return found
