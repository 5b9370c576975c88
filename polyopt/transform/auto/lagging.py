"""Rows lagged behind one another, so that a recurrence along a line leaves no unit idle.

    for i: for j: A[i, j] = f(A[i, j-1], A[i-1, j+1])
        —→   for i_rows: for j: for i in 8 rows, each two columns behind the last: A[i, j] = …

An innermost loop that waits for its own last value runs at the latency of the body. Eight rows of
the loop around it, skewed until they are independent, fill the pipeline instead: a wavefront in
registers (unroll-and-jam of a skewed band; Wolfe 1986, Callahan, Cocke and Kennedy 1988).
"""

from __future__ import annotations

from functools import partial

from polyopt.model.expr import Binary, Call, Expr, Load, children, walk
from polyopt.model.scop import Scop
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.marks import innermost
from polyopt.transform.auto.views import views
from polyopt.transform.edit import Place, fresh_name, places
from polyopt.transform.legality import Level, Path
from polyopt.transform.schedule import Schedule

_ROWS = 8
_MOST_SKEW = 3
_ENOUGH = 32
"""Trips of both loops below which the ramps of the wavefront cost what it gains."""
_WAITS = 2.0
"""How many times longer than its work a body's chain must be, for rows to be lagged."""

_FLOAT_OP, _INT_OP = 4.0, 1.0
_SLOW = {"div": (13.0, 5.0), "floordiv": (20.0, 8.0), "mod": (20.0, 8.0), "pow": (60.0, 40.0)}
_SQRT = (20.0, 7.0)
_CALL = (60.0, 40.0)
_ISSUE = 0.5
"""Cycles: latencies, and what an operation keeps its unit busy for (Fog, Instruction tables)."""


def lag_recurrences(search: Search, schedule: Schedule) -> Schedule:
    """Lag the rows around every innermost loop that waits for itself, where it is legal."""
    for place in innermost(schedule):
        if _waits(search, schedule, place):
            schedule = _lagged(schedule, place) or schedule
    return schedule


def _waits(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether a loop spends its time waiting for its own last value."""
    level = _level(schedule, place)
    return (
        _is_recurrence(level)
        and _is_long(search, schedule, place)
        and _waiting(schedule.scop, level) >= _WAITS
    )


def _level(schedule: Schedule, place: Place) -> Level:
    return next(
        lv
        for lv in schedule.verdict.levels
        if (lv.path, lv.position) == (place.path, place.position)
    )


def _is_recurrence(level: Level) -> bool:
    """Whether one statement's value passes from one iteration of an inner loop to the next."""
    return (
        level.position > 0
        and len(level.member.statements) == 1
        and not level.reductions
        and any(d.kind == "flow" for d in level.carried)
    )


def _is_long(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether both the loop and the one around it are long enough for ramps not to count."""
    name = place.member.statements[0]
    found = views(schedule.scop, schedule.verdict, search.trips(schedule), frozenset({name}))
    return all(view.trips >= _ENOUGH for view in found[name][-2:])


def _waiting(scop: Scop, level: Level) -> float:
    """How many times longer the chain through the body is than the work in it."""
    arrays = {d.array for d in level.carried if d.kind == "flow"}
    values = [scop.statement(name).value for name in level.member.statements]
    chain = sum(_latency(value, arrays) for value in values)
    return chain / (1.0 + sum(_work(value) for value in values))


def _latency(expr: Expr, arrays: set[str]) -> float:
    """Cycles from the deepest read of an array to the value; 0 where it reads none."""
    if isinstance(expr, Load):
        return 1.0 if expr.array in arrays else 0.0
    inside = max((_latency(child, arrays) for child in children(expr)), default=0.0)
    return inside + _cycles(expr)[0] if inside else 0.0


def _work(expr: Expr) -> float:
    return sum(_cycles(node)[1] for node in walk(expr))


def _cycles(node: Expr) -> tuple[float, float]:
    """Latency and issue cycles of one operation."""
    match node:
        case Binary(op=op) if op in _SLOW:
            return _SLOW[op]
        case Binary():
            return (_FLOAT_OP if node.dtype.is_float else _INT_OP), _ISSUE
        case Call(function="sqrt"):
            return _SQRT
        case Call():
            return _CALL
        case Load():
            return 0.0, _ISSUE
        case _:
            return 0.0, 0.0


def skewed_to_lag(search: Search, schedule: Schedule, path: Path) -> Schedule:
    """A band whose innermost loop waits for itself, skewed so that rows can lag in its tiles.

    After the skew its last two loops may change places, the inner one then being parallel. Done
    before tiling, every row of a tile starts and ends where its neighbours do.
    """
    place = [p for p in places(schedule.tree) if p.path == path][-1]
    if not _waits(search, schedule, place):
        return schedule
    line, row = name_of(schedule, place), name_of(schedule, _before(schedule, place))
    for factor in range(1, _MOST_SKEW + 1):
        made = attempt(schedule, partial(Schedule.skew, loop=line, by=row, factor=factor))
        swapped = made and attempt(made, partial(Schedule.interchange, first=line, second=row))
        if swapped and _level(swapped, place).is_parallel:
            return made or schedule
    return schedule


def _lagged(schedule: Schedule, place: Place) -> Schedule | None:
    """The least skew at which the rows are independent, none where none is."""
    for skew in range(_MOST_SKEW + 1):
        made = attempt(schedule, partial(_in_rows, place=place, skew=skew))
        if made is None:
            continue
        rows = _at(made, place.path, place.position + 1)
        if _level(made, rows).is_parallel:
            names = name_of(made, rows), name_of(made, _before(made, rows))
            return attempt(made, partial(_separated, names=names)) or made
    return None


def _in_rows(s: Schedule, place: Place, skew: int) -> Schedule:
    """Strips of rows outside, the line, the rows of a strip innermost."""
    line, row = name_of(s, place), name_of(s, _before(s, place))
    strip = fresh_name(s.tree, f"{row.rpartition('.')[2]}_rows")
    s = s.strip_mine(row, _ROWS, name=strip)
    if skew:
        s = s.skew(line, by=row, factor=skew)
    return s.permute(strip, line, row)


def _separated(s: Schedule, names: tuple[str, str]) -> Schedule:
    """Where all rows of a strip run, apart: there they stand side by side without bounds."""
    rows, line = names
    return s.separate(rows, inside=line).unroll(rows)


def _before(s: Schedule, place: Place) -> Place:
    """The loop just around another one."""
    return _at(s, place.path, place.position - 1)


def _at(s: Schedule, path: Path, position: int) -> Place:
    return next(p for p in places(s.tree) if (p.path, p.position) == (path, position))
