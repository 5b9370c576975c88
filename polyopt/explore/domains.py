"""Pictures of instances and of what orders them: domains, dependences, what a step breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from polyopt.errors import BadArgumentError, IllegalScheduleError, Violation
from polyopt.explore.arrows import MOST_ARROWS, Arrow, arrows, drawn, entries, instance, line, lines
from polyopt.explore.picture import Picture
from polyopt.explore.places import Layout, Space, layout
from polyopt.explore.plane import Entry, Plane, compose, plane_for
from polyopt.explore.problem import Problem, problem, schedule_of
from polyopt.explore.shapes import Dots, Label, Line, Shape
from polyopt.explore.style import RED, statement_style
from polyopt.model.dependences import Dependence
from polyopt.model.points import moves
from polyopt.model.scop import Scop
from polyopt.transform.legality import Breach
from polyopt.transform.schedule import Schedule
from polyopt.transform.witness import witness

_WORDS = 46
_MOST_NAMED = 400
Key = tuple[str, tuple[int, ...]]
_VERBS = {
    "flow": ("writes", "reads"),
    "anti": ("reads", "overwrites"),
    "output": ("writes", "overwrites"),
    "reduction": ("updates", "updates"),
}


def domain(
    schedule: object,
    statement: str | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    axes: Sequence[str] | None = None,
    space: Space = "source",
) -> Picture:
    """The instances of the statements, as points by two of their loops.

    `for i in range(N): for j in range(i): S1`    →    a triangle of points

    `axes` names the loops; by default the two outermost. `space="schedule"` puts the instances
    where the loops of the schedule have them. Raises BadArgumentError for sizes or axes that the
    kernel has not, NoSuchLoopError for a statement that it has not.
    """
    here = layout(problem(schedule, statement, sizes), axes, space)
    title = f"{what(here.problem)}: iteration domain"
    return _page(title, here, (), ())


def dependences(
    schedule: object,
    statement: str | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    axes: Sequence[str] | None = None,
    space: Space = "source",
    kinds: Sequence[str] = ("flow", "anti", "output", "reduction"),
) -> Picture:
    """The dependences between instances, as arrows from source to sink by kind.

    `A[i] = A[i - 1]`    →    points in a row, each with an arrow to the next

    Of the updates of a reduction, and of all pairs that lie on top of each other, one arrow is
    drawn. Raises as `domain` does.
    """
    unknown = [k for k in kinds if k not in _VERBS]
    if unknown or isinstance(kinds, str):
        raise BadArgumentError(f"kinds are some of {', '.join(map(repr, _VERBS))}, not {kinds!r}")
    shown = problem(schedule, statement, sizes)
    chosen = [d for d in shown.schedule.dependences if d.kind in kinds]
    here = layout(shown, axes, space, wanted=_moving(shown, chosen))
    found = list(islice(arrows(here, chosen), 4 * MOST_ARROWS))
    return _page(f"{what(shown)}: dependences", here, found, list(entries(found)))


def violations(
    refused: IllegalScheduleError | object,
    sizes: Mapping[str, int] | None = None,
    *,
    axes: Sequence[str] | None = None,
    space: Space = "source",
) -> Picture:
    """What an order breaks: the dependent pairs that would run in the wrong order, in red, with
    the smallest case labelled.

    Of an `IllegalScheduleError`, or of a schedule, which has none where it is legal. Raises
    BadArgumentError for an error without a witness, and as `domain` does.
    """
    schedule, cases = _refused(refused)
    if not cases:
        return dependences(schedule, sizes=sizes, axes=axes, space=space)
    shown = _around(schedule, cases[0], sizes)
    breaches = schedule.verdict.breaches
    here = layout(shown, axes, space, wanted=_moving(shown, [b.dependence for b in breaches]))
    broken = [a for b in breaches for a in drawn(here, b.dependence, b.relation)]
    text = (
        "would run in the wrong order"
        if any(b.where == "order" for b in breaches)
        else ("would run in no order")
    )
    legend = [Entry(f"{text}: {_kinds(breaches)}", colour=RED, width=1.1)]
    return _page(f"{what(shown)}: what it breaks", here, broken, legend, red=True, case=cases[0])


# ---- the page --------------------------------------------------------------------------------


def _page(
    title: str,
    here: Layout,
    found: Sequence[Arrow],
    kinds: Sequence[Entry],
    *,
    red: bool = False,
    case: Violation | None = None,
) -> Picture:
    plane = plane_for(here.x, here.y, here.crowd)
    size = here.mark_size(plane.pitch)
    kept = _some(found)
    shapes: list[Shape] = list(lines(plane, kept, size + 1.5, red=red))
    shapes += marks(plane, here, size)
    more = [Entry("more arrows are left out")] if len(kept) < len(found) else []
    labels = [*statement_entries(here.problem), *kinds, *more]
    if case is not None:
        shapes += _case(plane, here, case, size)
        labels += _case_entries(case)
    text = "\n".join([title, f"  {here.problem.caption}", *_sentences(here, found, case)])
    return compose(title, here.problem.caption, plane, shapes, labels, text, here.problem.sizes)


def _some(found: Sequence[Arrow]) -> list[Arrow]:
    """Not more arrows than can be seen, some of each dependence."""
    seen: dict[int, int] = {}
    ranks = []
    for arrow in found:
        seen[id(arrow.dependence)] = seen.get(id(arrow.dependence), -1) + 1
        ranks.append(seen[id(arrow.dependence)])
    order = sorted(range(len(found)), key=ranks.__getitem__)
    return [found[k] for k in sorted(order[:MOST_ARROWS])]


def marks(
    plane: Plane, here: Layout, size: float, fills: Mapping[Key, str] | None = None
) -> list[Shape]:
    """A mark per instance, in its statement's colour or the one given; few enough have a name
    each, and of many those that look alike are one shape."""
    shapes: list[Shape] = []
    every = [s.name for s in here.problem.schedule.scop.statements]
    few = sum(map(len, here.problem.points.values())) <= _MOST_NAMED
    for name in here.problem.statements:
        mark, plain = statement_style(every.index(name))
        spots: dict[tuple[float, float], tuple[str, str]] = {}
        for point in here.problem.points[name]:
            fill = plain if fills is None else fills[name, point]
            spots.setdefault(plane.at(*here.place(name, point)), (fill, instance(name, point)))
        spots = dict(sorted(spots.items(), key=lambda spot: spot[1][0]))
        if few:
            shapes += [Dots((at,), mark, size, fill, name=n) for at, (fill, n) in spots.items()]
            continue
        for fill in dict.fromkeys(fill for fill, _ in spots.values()):
            same = tuple(at for at, (other, _) in spots.items() if other == fill)
            shapes.append(Dots(same, mark, size, fill, width=0.4, name=name))
    return shapes


def statement_entries(shown: Problem, fill: str = "") -> Iterator[Entry]:
    """Each statement's mark and source text."""
    scop = shown.schedule.scop
    every = [s.name for s in scop.statements]
    for name in shown.statements:
        mark, plain = statement_style(every.index(name))
        text = f"{name}  {_short(scop.statement(name).location.text)}"
        yield Entry(text, mark, fill or plain)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"


def _case(plane: Plane, here: Layout, case: Violation, size: float) -> Iterator[Shape]:
    """The witness: its two instances marked and named, and its arrow above all others."""
    source = tuple(v for _, v in case.source_instance)
    sink = tuple(v for _, v in case.sink_instance)
    ends = ((case.source, source), (case.sink, sink))
    if any(end not in here.coordinates for end in ends):
        return
    first, second = here.place(*ends[0]), here.place(*ends[1])
    if first != second:
        name = f"witness {case.kind} {case.array}: {instance(*ends[0])} -> {instance(*ends[1])}"
        yield line(plane, first, second, size + 3, Line((), RED, 3.2, arrow=True, name=name))
    up = 1 if second[1] > first[1] else -1
    for (name, point), place, side in zip(ends, (first, second), (up, -up), strict=True):
        at = plane.at(*place)
        yield Dots((at,), "circle", size + 3.5, "none", RED, 2.2)
        below = at[1] + side * (size + 5) + (13 if side > 0 else -4)
        yield Label((at[0], below), instance(name, point), anchor="middle", bold=True, halo=True)


def _case_entries(case: Violation) -> Iterator[Entry]:
    element = f"{case.array}[{', '.join(map(str, case.element))}]" if case.element else case.array
    verbs = _VERBS[case.kind]
    first = instance(case.source, tuple(v for _, v in case.source_instance))
    second = instance(case.sink, tuple(v for _, v in case.sink_instance))
    yield Entry(f"the witness: {first} {verbs[0]} {element},", colour=RED, width=3.2)
    yield Entry(f"which {second} {verbs[1]}")


def _sentences(here: Layout, found: Sequence[Arrow], case: Violation | None) -> Iterator[str]:
    for name, points in here.problem.points.items():
        yield f"  {name}: {len(points)} instance{'s' if len(points) != 1 else ''}"
    for (kind, array, source, sink), group in _grouped(found).items():
        steps = sorted(
            {tuple(b - a for a, b in zip(x.source, x.sink, strict=False)) for x in group}
        )
        shown = ", ".join(f"({', '.join(map(str, s))})" for s in steps[:4])
        more = ", …" if len(steps) > 4 else ""
        yield f"  {kind} {source} -> {sink} through {array}: distance {shown}{more}"
    if case is not None:
        yield "  " + " ".join(e.text for e in _case_entries(case))


def _grouped(found: Iterable[Arrow]) -> dict[tuple[str, str, str, str], list[Arrow]]:
    groups: dict[tuple[str, str, str, str], list[Arrow]] = {}
    for arrow in found:
        d = arrow.dependence
        groups.setdefault((d.kind, d.array, d.source, d.sink), []).append(arrow)
    return groups


def what(shown: Problem) -> str:
    """The kernel's name, and the statement's where one of several is drawn."""
    one = len(shown.statements) == 1 < len(shown.schedule.scop.statements)
    return f"{shown.schedule.scop.name}{f', {shown.statements[0]}' if one else ''}"


# ---- what to draw ----------------------------------------------------------------------------


def _moving(shown: Problem, chosen: Iterable[Dependence]) -> list[str]:
    """The iterators along which dependences go: those a plane should have."""
    scop: Scop = shown.schedule.scop
    found: dict[str, None] = {}
    for dependence in chosen:
        if not {dependence.source, dependence.sink} <= set(shown.statements):
            continue
        source, sink = scop.statement(dependence.source), scop.statement(dependence.sink)
        for position, (name, other) in enumerate(
            zip(source.iterators, sink.iterators, strict=False)
        ):
            if name == other and moves(dependence.relation, position):
                found[name] = None
    return list(found)


def _refused(value: object) -> tuple[Schedule, tuple[Violation, ...]]:
    """The order that is refused, and its cases."""
    if not isinstance(value, IllegalScheduleError):
        schedule = schedule_of(value)
        return schedule, tuple(witness(schedule.scop, b) for b in schedule.verdict.breaches[:4])
    if not isinstance(value.refused, Schedule):
        raise BadArgumentError(
            "this error holds no order to draw: only a refusal of a step by its dependences does"
        )
    return value.refused, value.violations


def _around(schedule: Schedule, case: Violation, sizes: Mapping[str, int] | None) -> Problem:
    """A problem that holds the witness: the size picked, or the witness's where that is larger."""
    names = {case.source: case.source_instance, case.sink: case.sink_instance}
    shown = problem(schedule, None, sizes, always=names)
    if sizes or all(
        tuple(v for _, v in values) in shown.points[name] for name, values in names.items()
    ):
        return shown
    larger = {n: max(v, dict(shown.sizes)[n]) for n, v in case.parameters}
    return problem(schedule, None, larger, always=names)


def _kinds(breaches: Iterable[Breach]) -> str:
    pairs = dict.fromkeys(f"{b.dependence.kind} through {b.dependence.array}" for b in breaches)
    return ", ".join(list(pairs)[:3]) + (", …" if len(pairs) > 3 else "")
