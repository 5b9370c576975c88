"""The automatic mapping to an OpenCL device of many items (Verdoolaege et al. 2013).

Of each nest the order with most parallel loops furthest out is taken. Of the outermost parallel
band, the loop that walks along lines and one more are cut into tiles: tiles run across groups,
points across items, and sequential loops inside an item, with what they accumulate in a register.
Loops outside of a parallel band are the host's. Every decision is a public step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from polyopt.machine import Machine, detect
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.scalars import blocks_exist, privatize_scalars
from polyopt.transform.auto.structure import components, distribute_fully, improve_component
from polyopt.transform.auto.views import LoopView, stride_of, views
from polyopt.transform.edit import Place, places
from polyopt.transform.legality import Level, Path
from polyopt.transform.schedule import Schedule

_ONE = (64,)
_TWO = (16, 16)


def auto_grid(schedule: Schedule, *, machine: Machine | None = None) -> Schedule:
    """The schedule with parallel loops mapped to groups and items, as steps after its own."""
    facts = machine or detect()
    search = Search(facts, facts.cores)
    was_brief, schedule = schedule.brief, replace(schedule, brief=True)
    schedule = privatize_scalars(schedule)
    for statements in components(schedule):
        schedule = _most_parallel(search, schedule, statements)
    mapped: list[Path] = []
    for path in dict.fromkeys(p.path for p in places(schedule.tree)):
        below = any(path[: len(m)] == m for m in mapped)
        new = None if below else _mapped(search, schedule, path)
        if new is not None:
            schedule = new
            mapped.append(path)
    return replace(schedule, brief=was_brief)


def _most_parallel(search: Search, schedule: Schedule, statements: tuple[str, ...]) -> Schedule:
    """The order of a nest with most statements in parallel loops, and fewest loops around them."""
    inside = frozenset(statements)
    best = _better(schedule, distribute_fully(schedule, inside), inside)
    parallel, waits, _ = _score(best, inside)
    if parallel == len(statements) and not waits:
        return best
    return _better(best, improve_component(search, schedule, statements), inside)


def _better(schedule: Schedule, other: Schedule, inside: frozenset[str]) -> Schedule:
    """The other order where it scores more."""
    more = _score(other, inside) > _score(schedule, inside)
    return other if more and blocks_exist(other) else schedule


def _score(schedule: Schedule, inside: frozenset[str]) -> tuple[int, int, int]:
    """How many statements have a parallel loop, minus the sequential loops around those, and how
    many parallel loops their outermost parallel bands have, two at most of each."""
    around: dict[str, list[Level]] = {s: [] for s in inside}
    for level in schedule.verdict.levels:
        for statement in set(level.member.statements) & inside:
            around[statement].append(level)
    waits = free = parallel = 0
    for levels in around.values():
        paths = [level.path for level in levels if level.is_parallel]
        if paths:
            parallel += 1
            waits += [level.is_parallel for level in levels].index(True)
            free += min(paths.count(paths[0]), len(_TWO))
    return parallel, -waits, free


def _mapped(search: Search, schedule: Schedule, path: Path) -> Schedule | None:
    """The schedule with the parallel loops of a band mapped; None where it has none."""
    chosen = _chosen(search, schedule, path)
    while chosen:
        new = attempt(schedule, partial(_map, path=path, chosen=chosen))
        if new is not None and blocks_exist(new):
            return _in_registers(new, path)
        chosen = chosen[1:]
    return None


def _chosen(search: Search, schedule: Schedule, path: Path) -> tuple[str, ...]:
    """The loops of a band to be mapped, the one that walks along lines last."""
    levels = {(lv.path, lv.position): lv for lv in schedule.verdict.levels}
    band = [p for p in places(schedule.tree) if p.path == path]
    free = [p for p in band if levels[(p.path, p.position)].is_parallel]
    around = views(schedule.scop, schedule.verdict, search.trips(schedule))
    lines = [p for p in free if _walks_along_lines(schedule, p, around)]
    last = lines[-1:] or free[-1:]
    others = [p for p in free if p not in last][: len(_TWO) - 1]
    return tuple(name_of(schedule, p) for p in (*others, *last))


def _walks_along_lines(
    schedule: Schedule, place: Place, around: dict[str, tuple[LoopView, ...]]
) -> bool:
    return any(
        stride_of(schedule.scop.statement(s).subscripts, view) == 1
        for s in place.member.statements
        for view in around[s]
        if view.member == place.member
    )


def _map(schedule: Schedule, path: Path, chosen: tuple[str, ...]) -> Schedule:
    """Move the loops together, as far out as may be, tile them, and map tiles and points."""
    band = [name_of(schedule, p) for p in places(schedule.tree) if p.path == path]
    ends = (0, band.index(chosen[0]), min(map(band.index, chosen)))
    for end in dict.fromkeys(ends):
        before = [n for n in band[:end] if n not in chosen]
        after = [n for n in band if n not in (*before, *chosen)]
        order = (*before, *chosen, *after)
        moved = schedule if list(order) == band else _permuted(schedule, order)
        if moved is None:
            continue
        sizes = _TWO if len(chosen) == 2 else _ONE
        tiled = attempt(moved, lambda s: s.tile(dict(zip(chosen, sizes, strict=True))))  # noqa: B023
        if tiled is None:
            continue
        tiles = [name_of(tiled, p) for p in places(tiled.tree) if p.path == path]
        start, count = len(before), len(chosen)
        groups, items = tiles[start : start + count], tiles[start + count : start + 2 * count]
        mapped = attempt(tiled, lambda s: s.map_to_grid(tuple(groups), tuple(items)))  # noqa: B023
        if mapped is not None:
            return mapped
    return schedule.map_to_grid(groups=chosen)


def _permuted(schedule: Schedule, order: tuple[str, ...]) -> Schedule | None:
    return attempt(schedule, lambda s: s.permute(*order))


def _in_registers(schedule: Schedule, path: Path) -> Schedule:
    """What the sequential loops inside an item accumulate, kept in a register meanwhile."""
    private = {name for name, _ in schedule.scop.private}
    inner = [
        p
        for p in places(schedule.tree)
        if p.path[: len(path)] == path and not p.member.parallel and len(p.member.statements) == 1
    ]
    for place in inner:
        (name,) = place.member.statements
        statement = schedule.scop.statement(name)
        if statement.reduction is None or statement.array in private:
            continue
        loop = name_of(schedule, place)
        target = {n for s in statement.subscripts for n in s.names()}
        if target & place.member.row(name).names():
            continue
        step = partial(Schedule.promote, array=statement.array, at=loop)
        schedule = attempt(schedule, step) or schedule
    return schedule
