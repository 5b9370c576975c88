"""Structure of a nest: which loops are shared, and in which order they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations

from polyopt.model.scop import Statement
from polyopt.model.tree import Band, Member, Node, Sequence, Tree
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.isl_order import isl_order
from polyopt.transform.auto.lagging import skewed_to_lag
from polyopt.transform.auto.marks import innermost
from polyopt.transform.auto.sinking import sunk
from polyopt.transform.auto.stencils import diamonds
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.views import TYPICAL_SIZE, LoopView, inner_loop, stride_of, views
from polyopt.transform.edit import Place, first_statement, node_at, normal, places, whole
from polyopt.transform.schedule import Schedule
from polyopt.transform.storage import uses

_STRIP = 128
_ALL_ORDERS_UP_TO = 4
_WAVE_TILE = 32
_LONGEST_LINE = 512
_SHORT = 16
_MANY = 64
"""Statements in a nest from which on isl is not asked for orders: seconds, for long straight code
whose order its own values give."""

Option = Callable[[Search, Schedule, frozenset[str]], Schedule | None]


def components(schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """The statements of each top-level nest, in order."""
    root = schedule.tree.root
    if isinstance(root, Sequence):
        return tuple(child.statements for child in root.children)
    return (schedule.statements,) if schedule.statements else ()


def improve_component(search: Search, schedule: Schedule, statements: tuple[str, ...]) -> Schedule:
    """The cheapest of the options for one nest; what the source says wins ties."""
    inside = frozenset(statements)
    best, best_cost = schedule, search.cost(schedule, inside)
    others = (_isl_parallel, _isl_tilable, _wavefront) if len(inside) <= _MANY else ()
    for option in (_as_written, _distributed, sunk, *others):
        if option is _isl_parallel and runs_well(search, best, inside):
            break
        candidate = option(search, schedule, inside)
        if candidate is None or not blocks_exist(candidate):
            continue
        found = search.cost(candidate, inside)
        if found < best_cost * 0.97:
            best, best_cost = candidate, found
    return diamonds(search, best, inside) or best


def runs_well(search: Search, schedule: Schedule, inside: frozenset[str]) -> bool:
    """Whether every statement has a vector loop innermost, along its lines, and a parallel loop
    outside it that not more than one loop encloses: then isl need not be asked."""
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), inside)
    return all(
        _flows(loops, schedule.scop.statement(name))
        for name, loops in around.items()
        if name in inside and max((v.trips for v in loops), default=0) > _SHORT
    )


def _flows(loops: tuple[LoopView, ...], statement: Statement) -> bool:
    inner = inner_loop(loops)
    if inner is None:
        return True
    straight = all(stride_of(a.subscripts, inner) <= 1 for a in statement.accesses)
    threads = [i for i, v in enumerate(loops) if v.is_parallel]
    return inner.is_vector and straight and bool(threads) and threads[0] <= 1


def _as_written(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    return reorder(search, schedule, inside)


def _distributed(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    split = distribute_fully(schedule, inside)
    return None if split is schedule else reorder(search, split, inside)


def _isl_parallel(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    new = _with_isl_order(search, schedule, inside, outer_coincidence=True)
    return None if new is None else reorder(search, new, inside)


def _isl_tilable(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    new = _with_isl_order(search, schedule, inside, outer_coincidence=False)
    return None if new is None else reorder(search, new, inside)


def _with_isl_order(
    search: Search, schedule: Schedule, inside: frozenset[str], *, outer_coincidence: bool
) -> Schedule | None:
    names = tuple(s for s in schedule.statements if s in inside)
    if any(e.endless for name in names for e in schedule.scop.statement(name).exits):
        return None  # a loop that only its flag ends keeps its place (isl took a minute over one)
    key = (schedule.judge, names, outer_coincidence)
    if key not in search.orders:
        search.orders[key] = isl_order(schedule.judge, names, outer_coincidence=outer_coincidence)
    node = search.orders[key]
    if node is None:
        return None
    tree = with_component(schedule.tree, names, node)
    if tree is None or tree == schedule.tree:
        return None
    return attempt(schedule, lambda s: s.restructure(str(tree)))


def with_component(tree: Tree, names: tuple[str, ...], node: Node) -> Tree | None:
    """The tree with the top-level part that holds exactly `names` replaced."""
    root = tree.root
    if set(names) == set(tree.statements):
        return replace(tree, root=node)
    if not isinstance(root, Sequence):
        return None
    children = [
        whole(c.statements, c.child) for c in root.children if not set(c.statements) & set(names)
    ]
    first = next(i for i, c in enumerate(root.children) if set(c.statements) & set(names))
    children.insert(first, whole(names, node))
    return replace(tree, root=normal(Sequence(tuple(children))))


def _wavefront(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    """isl's tilable band in tiles, a row of tiles behind the one before in a pipeline. Only for
    nests in which no loop outside the innermost is parallel.

    Where the target has no pipelines, the first two tile loops run along their sum.
    """
    new = _with_isl_order(search, schedule, inside, outer_coincidence=False) or schedule
    band = next((p for p in places(new.tree) if inside <= set(p.member.statements)), None)
    if band is None or _has_outer_parallel(new, inside):
        return None
    new = skewed_to_lag(search, new, band.path)
    members = [p for p in places(new.tree) if p.path == band.path]
    if len(members) < 2:
        return None
    names = [name_of(new, p) for p in members]
    sizes = dict.fromkeys(names, _WAVE_TILE)
    if search.packs and members[-1] in innermost(new):
        sizes[names[-1]] = _line_tile(search, new, inside)

    def steps(s: Schedule) -> Schedule:
        tiled = s.tile(sizes)
        tiles = [p for p in places(tiled.tree) if p.path == band.path][:2]
        first, second = (name_of(tiled, tile) for tile in tiles)
        return tiled.pipeline(first, second) if search.packs else tiled.wavefront(first, second)

    return attempt(new, steps)


def _line_tile(search: Search, schedule: Schedule, inside: frozenset[str]) -> int:
    """The length of tiles along lines: so long that starting their loops costs nothing, a tile of
    all arrays in half of L2, half a tile for each thread along a line.

    Measured on 20 million cells of an alignment, one core: tiles of 32 by 32 take 57 ms, of 32 by
    512 as the plain loops 32.
    """
    scop = schedule.scop
    used = {a.array for s in scop.statements if s.name in inside for a in s.accesses}
    cell = sum(scop.dtype(name).bits // 8 for name in used if scop.array(name).shape)
    most = search.machine.l2 // 2 // (_WAVE_TILE * max(cell, 1))
    most = max(_WAVE_TILE, min(most, _LONGEST_LINE, 2 * TYPICAL_SIZE // search.threads))
    return 1 << most.bit_length() - 1


def _has_outer_parallel(schedule: Schedule, inside: frozenset[str]) -> bool:
    levels = [lv for lv in schedule.verdict.levels if inside & set(lv.member.statements)]
    return any(lv.is_parallel and lv.position == 0 and not lv.path for lv in levels)


# ---- distribution ---------------------------------------------------------------------------


def distribute_fully(schedule: Schedule, inside: frozenset[str]) -> Schedule:
    """Split every loop wherever that is legal, outermost first (Allen and Kennedy 1987).

    A cut that was refused is not tried again: what is split elsewhere does not free it. None is
    made through the life of a private scalar, but in loops of constant length.
    """
    refused: set[tuple[Member, str]] = set()
    lives = _lives(schedule)
    changed = True
    while changed:
        changed = False
        for place, before in _cuts(schedule, inside):
            if (place.member, before) in refused:
                continue
            refused.add((place.member, before))
            if _cuts_a_life(schedule, place, before, lives):
                continue
            name = name_of(schedule, place)
            new = attempt(schedule, partial(Schedule.distribute, loop=name, before=before))
            if new is not None and blocks_exist(new):
                schedule, changed = new, True
                break
    return schedule


def _lives(schedule: Schedule) -> list[frozenset[str]]:
    """The statements that use each private scalar."""
    scop = schedule.scop
    return [
        frozenset(s.name for s in scop.statements if uses(s, name)) for name in scop.private_scalars
    ]


def _cuts_a_life(
    schedule: Schedule, place: Place, before: str, lives: list[frozenset[str]]
) -> bool:
    """Whether a cut of a loop of unknown length has users of a private scalar on both sides."""
    names = place.member.statements
    first, second = set(names[: names.index(before)]), set(names[names.index(before) :])
    if not any(life & first and life & second for life in lives):
        return False
    statement = schedule.scop.statement(before)
    iterator = place.member.row(before).single_name
    if iterator is None:
        return False
    position = statement.iterators.index(iterator)
    length = statement.domain.dim_max(position).sub(statement.domain.dim_min(position))
    return not length.coalesce().is_cst()


def _cuts(schedule: Schedule, inside: frozenset[str]) -> Iterator[tuple[Place, str]]:
    """Loops over a sequence, outermost first, with the statement before which to split."""
    for place in places(schedule.tree):
        if not set(place.member.statements) <= inside:
            continue
        band = node_at(schedule.tree, place.path)
        if not isinstance(band, Band):
            continue
        below = band.child
        if isinstance(below, Sequence):
            for child in below.children[1:]:
                yield place, first_statement(child.child, child.statements)


# ---- loop order -----------------------------------------------------------------------------


def reorder(
    search: Search, schedule: Schedule, inside: frozenset[str], *, strips: bool = True
) -> Schedule:
    """Every band of a nest in its cheapest legal order, one band after another; `strips`: strips of
    an innermost loop may be cut off for threads."""
    paths = dict.fromkeys(
        p.path for p in places(schedule.tree) if set(p.member.statements) <= inside
    )
    for path in paths:
        schedule = _reorder_band(search, schedule, path, inside, strips=strips)
    return schedule


def _reorder_band(
    search: Search,
    schedule: Schedule,
    path: tuple[int, ...],
    inside: frozenset[str],
    *,
    strips: bool,
) -> Schedule:
    members = [p for p in places(schedule.tree) if p.path == path]
    names = tuple(name_of(schedule, p) for p in members)
    best, best_cost = schedule, search.cost(schedule, inside)
    for order in _orders(names):
        candidate = _permuted(schedule, order) if order != names else schedule
        if candidate is None or not blocks_exist(candidate):
            continue
        stripped = _strip_outwards(search, candidate, path) if strips else None
        for variant in (candidate, stripped):
            if variant is None:
                continue
            found = search.cost(variant, inside)
            if found < best_cost * 0.97:
                best, best_cost = variant, found
    return best


def _permuted(schedule: Schedule, order: tuple[str, ...]) -> Schedule | None:
    return attempt(schedule, lambda s: s.permute(*order))


def _orders(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All orders of a small band; of a deep one, those that move one loop innermost."""
    if len(names) <= _ALL_ORDERS_UP_TO:
        yield from permutations(names)
        return
    yield names
    for position in range(len(names) - 1):
        yield (*names[:position], *names[position + 1 :], names[position])


def _strip_outwards(search: Search, schedule: Schedule, path: tuple[int, ...]) -> Schedule | None:
    """Strips of the innermost loop run in parallel outside the band, where no loop outside it
    is parallel but the innermost is."""
    levels = [lv for lv in schedule.verdict.levels if lv.path == path]
    if len(levels) < 2 or search.threads < 2:
        return None
    inner = levels[-1]
    if not inner.is_parallel or any(lv.is_parallel for lv in levels[:-1]):
        return None
    found = [p for p in places(schedule.tree) if p.path == path]
    name = name_of(schedule, found[-1])

    def steps(s: Schedule) -> Schedule:
        stripped = s.strip_mine(name, _STRIP)
        members = [p for p in places(stripped.tree) if p.path == path]
        names = [name_of(stripped, p) for p in members]
        return stripped.permute(names[-2], *names[:-2])

    return attempt(schedule, steps)
