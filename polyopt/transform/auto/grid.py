"""The automatic mapping to an OpenCL device of many items (Verdoolaege et al. 2013).

Of each nest the order with most parallel loops furthest out is taken. Of the outermost parallel
band, the loop that walks along lines and one more are cut into tiles: tiles run across groups,
points across items, and sequential loops inside an item, with what they accumulate in a register.
A sum inside two such loops is cut into tiles too: what items share of its operands is copied to
local memory tile by tile. A sum along lines inside one parallel loop is a group's, whose items
combine their parts in a tree. Loops outside of a parallel band are the host's. Every decision is
a public step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from polyopt.machine import Machine, detect
from polyopt.model.affine import Affine
from polyopt.model.tree import Member
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.structure import components, distribute_fully, improve_component
from polyopt.transform.auto.temporaries import blocks_exist, privatize_temporaries
from polyopt.transform.auto.tiles import may_contract
from polyopt.transform.auto.views import LoopView, stride_of, views
from polyopt.transform.edit import Place, places
from polyopt.transform.legality import Level, Path
from polyopt.transform.schedule import Schedule

_ONE = (64,)
_TWO = (16, 16)
_DEPTH = 16
"""Iterations of a sum between two barriers: a square tile of each operand in local memory."""


def auto_grid(
    schedule: Schedule, *, machine: Machine | None = None, shared: bool = True
) -> Schedule:
    """The schedule with parallel loops mapped to groups and items, as steps after its own. The
    items of a group have memory that they share, but where `shared` is false."""
    facts = machine or detect()
    search = Search(facts, facts.cores, packs=False, panels=False)
    was_brief, schedule = schedule.brief, replace(schedule, brief=True)
    schedule = privatize_temporaries(schedule, arrays=False)
    for statements in components(schedule):
        schedule = _most_parallel(search, schedule, statements)
    mapped: list[Path] = []
    for path in dict.fromkeys(p.path for p in places(schedule.tree)):
        below = any(path[: len(m)] == m for m in mapped)
        new = None if below else _mapped(search, schedule, path, shared)
        if new is not None:
            schedule = new
            mapped.append(path)
    return replace(schedule, brief=was_brief)


def _most_parallel(search: Search, schedule: Schedule, statements: tuple[str, ...]) -> Schedule:
    """The order of a nest with most statements in parallel loops, and fewest loops around them."""
    inside = frozenset(statements)
    apart = distribute_fully(schedule, inside)
    best = _better(schedule, apart, inside)
    sums = any(may_contract(schedule.scop.statement(s)) for s in statements)
    if sums and _score(apart, inside) >= _score(best, inside) and blocks_exist(apart):
        best = apart  # a contraction alone in its nest can have tiles
    parallel, waits, _ = _score(best, inside)
    if parallel == len(statements) and not waits:
        return best
    improved = _better(best, improve_component(search, schedule, statements), inside)
    return _better(improved, distribute_fully(improved, inside), inside)


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
        found = [level for level in levels if level.is_parallel]
        if found:
            parallel += 1
            waits += [level.is_parallel for level in levels].index(True)
            first = [lv for lv in found if lv.path == found[0].path and not _is_tile(lv.member)]
            free += min(len(first), len(_TWO))
    return parallel, -waits, free


def _is_tile(member: Member) -> bool:
    """Whether a loop is one over tiles."""
    return any(not row.is_linear for _, row in member.rows)


def _mapped(search: Search, schedule: Schedule, path: Path, shared: bool) -> Schedule | None:
    """The schedule with the parallel loops of a band mapped; None where it has none."""
    chosen = _chosen(search, schedule, path)
    sums = _summed(schedule, path, chosen) if shared else None
    if sums is not None:
        way = partial(_with_tiles if len(chosen) == 2 else _with_tree, path=path, chosen=chosen)
        new = way(search, schedule, depth=sums)
        if new is not None and blocks_exist(new):
            return new
    while chosen:
        new = attempt(schedule, partial(_map, path=path, chosen=chosen))
        if new is not None and blocks_exist(new):
            return _in_registers(new, path)
        chosen = chosen[1:]
    return None


# ---- sums ------------------------------------------------------------------------------------


def _summed(schedule: Schedule, path: Path, chosen: tuple[str, ...]) -> str | None:
    """The one loop beside the chosen ones, where it sums up into an element that they tell."""
    band = [p for p in places(schedule.tree) if p.path == path]
    below = [p for p in places(schedule.tree) if p.path[: len(path)] == path and p not in band]
    others = [p for p in band if name_of(schedule, p) not in chosen]
    if below or len(others) != 1 or any(_is_tile(p.member) for p in band):
        return None
    name, *more = band[0].member.statements
    around = [p for p in places(schedule.tree) if name in p.member.statements]
    if more or not (chosen or around == others):
        return None
    statement = schedule.scop.statement(name)
    if statement.reduction is None or statement.guard is not None:
        return None
    target = {n for s in statement.subscripts for n in s.names()}
    along = others[0].member.row(name).names() & set(statement.iterators)
    return None if target & along else name_of(schedule, others[0])


def _with_tiles(
    _search: Search, schedule: Schedule, path: Path, chosen: tuple[str, ...], depth: str
) -> Schedule | None:
    """Tiles of two parallel loops and a sum, the operands' in local memory."""
    names = (*chosen, depth)
    moved = _permuted(schedule, names)
    sizes = dict(zip(names, (*_TWO, _DEPTH), strict=True))
    tiled = moved and attempt(moved, lambda s: s.tile(sizes))
    if tiled is None:
        return None
    loops = [name_of(tiled, p) for p in places(tiled.tree) if p.path == path]
    groups, items = tuple(loops[:2]), tuple(loops[3:5])
    mapped = attempt(tiled, lambda s: s.map_to_grid(groups, items))
    if mapped is None:
        return None
    (name,) = _statements(schedule, path)
    statement = schedule.scop.statement(name)
    kept = attempt(mapped, lambda s: s.promote(statement.array, at=loops[2]))
    current, shared = kept or mapped, False
    for array in _shared_by_items(schedule, name, chosen):
        step = partial(Schedule.promote, array=array, at=items[0], to="local")
        new = attempt(current, step)
        current, shared = new or current, shared or new is not None
    if not shared:
        return None
    return current if kept is not None else _in_registers(current, path)


def _statements(schedule: Schedule, path: Path) -> tuple[str, ...]:
    return next(p.member.statements for p in places(schedule.tree) if p.path == path)


def _shared_by_items(schedule: Schedule, name: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The arrays that a statement reads at elements that one of the chosen loops does not move."""
    statement = schedule.scop.statement(name)
    found = [p.member.row(name) for p in places(schedule.tree) if name in p.member.statements
             and name_of(schedule, p) in chosen]  # fmt: skip
    return tuple(
        dict.fromkeys(
            a.array
            for a in statement.accesses
            if a.kind == "read"
            and a.array != statement.array
            and a.subscripts
            and any(not row.names() & _names(a.subscripts) for row in found)
        )
    )


def _names(subscripts: tuple[Affine, ...]) -> set[str]:
    return {n for s in subscripts for n in s.names()}


def _with_tree(
    search: Search, schedule: Schedule, path: Path, chosen: tuple[str, ...], depth: str
) -> Schedule | None:
    """A sum along lines, a group for each element of its result; None where the parallel loop
    walks along lines too, so that items side by side do without."""
    around = views(schedule.scop, schedule.verdict, search.trips(schedule))
    band = {name_of(schedule, p): p for p in places(schedule.tree) if p.path == path}
    (name,) = _statements(schedule, path)
    reads = [
        a.subscripts for a in schedule.scop.statement(name).accesses
        if a.kind == "read" and len(a.subscripts) > 1
    ]  # fmt: skip

    def along(loop: str) -> bool:
        view = next(v for v in around[name] if v.member == band[loop].member)
        return any(stride_of(subscripts, view) == 1 for subscripts in reads)

    if not along(depth) or any(map(along, chosen)):
        return None
    order = (*chosen, depth)
    moved = schedule if list(band) == list(order) else _permuted(schedule, order)
    return moved and attempt(
        moved, lambda s: s.reduce(depth, parallel=True).map_to_grid(chosen, (depth,))
    )


# ---- parallel loops --------------------------------------------------------------------------


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
    private = schedule.scop.private_scalars
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
