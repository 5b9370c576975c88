"""Pictures of an order: the path of execution, and what may run at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from polyopt.explore.arrows import instance, line
from polyopt.explore.domains import marks, statement_entries, what
from polyopt.explore.picture import Picture
from polyopt.explore.places import Layout, Space, layout
from polyopt.explore.plane import Entry, Plane, compose, plane_for
from polyopt.explore.problem import Problem, problem, schedule_of
from polyopt.explore.shapes import Line, Shape
from polyopt.explore.style import GREY, PAPER, shade
from polyopt.explore.times import Key, Time, is_tile, largest_tiles, shrunk, steps, times
from polyopt.transform.edit import places

MOST_STEPS = 300
_LEVELS = 5
_FEW = 4


def order(
    schedule: object,
    statement: str | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    axes: Sequence[str] | None = None,
    space: Space = "source",
    shrink: bool = True,
) -> Picture:
    """The order of execution: colours from dark (first) to light (last), and the path.

    `s.interchange("i", "j")`    →    the path runs along i first

    Where loops run in parallel, each path is what one thread runs, and instances of one colour
    may run at once. With `shrink`, large tiles are drawn smaller, and the picture says so. Raises
    as `domain` does.
    """
    shown, caption = tiled_problem(schedule, statement, sizes, shrink=shrink)
    here = layout(shown, axes, space, wanted=tiled_iterators(shown), slanted=False)
    when = times(shown)
    fronts = steps(when)
    last = max(fronts.values(), default=0)
    plane = plane_for(here.x, here.y, here.crowd)
    size = here.mark_size(plane.pitch)
    paths, left = _paths(plane, here, when, size)
    fills = {key: shade(rank / last if last else 0.0) for key, rank in fronts.items()}
    threads = any(m.member is not None and m.member.parallel for t in when.values() for m in t)
    entries = [
        *statement_entries(shown, PAPER),
        *scale(last, at_once=threads),
        *([Entry(f"the path{' of a thread' * threads}", colour=GREY, width=1.2)] if paths else []),
        *([Entry(f"the first {MOST_STEPS} steps; {left} more not drawn")] if left else []),
    ]
    title = f"{what(shown)}: order of execution"
    text = "\n".join([title, f"  {caption}", *_sentences(when, fronts, threads=threads)])
    shapes = [*paths, *marks(plane, here, size, fills)]
    return compose(title, caption, plane, shapes, entries, text, shown.sizes)


def tiled_problem(
    schedule: object,
    statement: str | None,
    sizes: Mapping[str, int] | None,
    *,
    shrink: bool,
    least: int = 0,
) -> tuple[Problem, str]:
    """A problem of a size at which there are whole and partial tiles, and its caption; of `least`
    iterations of each loop."""
    chosen, words = schedule_of(schedule), ""
    if shrink:
        chosen, words = shrunk(chosen)
    few = len(chosen.scop.statements) <= _FEW
    wanted = {i: least for s in chosen.scop.statements for i in s.iterators if few and least}
    wanted |= {name: 2 * size + 1 for name, size in largest_tiles(chosen).items()}
    shown = problem(chosen, statement, sizes, wanted)
    return shown, "; ".join(filter(None, [shown.caption, words]))


def tiled_iterators(shown: Problem) -> list[str]:
    """The iterators whose loops are tiled."""
    found: dict[str, None] = {}
    members = [p.member for p in places(shown.schedule.tree) if is_tile(p.member)]
    for name in shown.statements:
        rows = [dict(m.rows)[name] for m in members if name in m.statements]
        for iterator in shown.schedule.scop.statement(name).iterators:
            if any(iterator in row.names() for row in rows):
                found[iterator] = None
    return list(found)


def in_order(when: Mapping[Key, Time]) -> list[Key]:
    """The instances as one thread would run them."""
    return sorted(when, key=lambda k: tuple(m.value for m in when[k]))


def scale(last: int, *, at_once: bool, opacity: float = 1.0) -> Iterator[Entry]:
    """The colours from the first front to the last."""
    count = min(last + 1, _LEVELS)
    if at_once:
        yield Entry("one colour may run at once:")
    for k in range(count):
        rank = round(k * last / max(count - 1, 1))
        text = "first" if rank == 0 else "last" if rank == last else f"step {rank + 1}"
        yield Entry(text, fill=shade(rank / max(last, 1)), field=True, opacity=opacity)


def _thread(time: Time) -> tuple[object, ...]:
    """What tells threads apart: the iteration of each parallel loop, and where that loop is."""
    found: list[object] = []
    for position, moment in enumerate(time):
        if moment.member is not None and moment.member.parallel:
            found.append((tuple(m.value for m in time[:position]), moment.value))
    return tuple(found)


def _paths(
    plane: Plane, here: Layout, when: Mapping[Key, Time], size: float
) -> tuple[list[Shape], int]:
    """The steps of each thread as thin arrows, and how many are left out."""
    threads: dict[object, list[Key]] = {}
    for key in in_order(when):
        threads.setdefault(_thread(when[key]), []).append(key)
    spots = ([here.place(*key) for key in keys] for keys in threads.values())
    moves = dict.fromkeys(step for path in spots for step in pairwise(path) if step[0] != step[1])
    look = Line((), GREY, 1.2, arrow=True)
    shapes: list[Shape] = [line(plane, a, b, size + 1, look) for a, b in list(moves)[:MOST_STEPS]]
    return shapes, max(0, len(moves) - MOST_STEPS)


def _sentences(
    when: Mapping[Key, Time], fronts: Mapping[Key, int], *, threads: bool
) -> Iterator[str]:
    names = [instance(*key) for key in in_order(when)]
    yield f"  {' '.join(names[:6])}{' …' if len(names) > 6 else ''}" if names else "  nothing runs"
    if threads:
        yield f"  {len(names)} instances in {len(set(fronts.values()))} steps, with threads enough"
