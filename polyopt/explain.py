"""Why each loop runs as it does: the facts that legality found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyopt.emit.libm import ROUNDED
from polyopt.machine import detect
from polyopt.model.affine import Floor
from polyopt.model.expr import Call, walk
from polyopt.model.tree import Band, Mark, Member, Node, Region
from polyopt.model.tree import Sequence as TreeSequence

if TYPE_CHECKING:
    from polyopt.model.dependences import Dependence
    from polyopt.model.scop import Scop
    from polyopt.options import Options
    from polyopt.transform.legality import Level, Path
    from polyopt.transform.schedule import Schedule


_SERIES = frozenset({"gamma", "lgamma"})
"""Functions that Python computes by series of its own, and the kernel by libm's."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One loop of the table."""

    loop: str
    statements: str
    runs: str
    because: str


def explain(schedule: Schedule, options: Options) -> str:
    """A table of the loops: how each runs, which dependence it carries, what would free it."""
    scop, machine = schedule.scop, detect()
    levels = {(level.path, level.position): level for level in schedule.verdict.levels}
    rows = list(_rows(schedule.tree.root, (), 0, levels, schedule.fp))
    arguments = ", ".join(a.name for a in scop.arguments)
    where = f"{options.target} on {machine.cores} core{'s' if machine.cores > 1 else ''}"
    return "\n".join(
        [
            f'{scop.name}({arguments}) for {where}, fp="{schedule.fp}"',
            *(
                f"  {s.name:4} {s.location.short:20} {s.location.text.strip()}"
                for s in scop.statements
            ),
            "",
            *_table(rows),
            "",
            *_script(schedule),
            *_reordered(schedule),
            *_functions(scop, schedule.fp),
        ]
    )


def _rows(
    node: Node, path: Path, depth: int, levels: dict[tuple[Path, int], Level], fp: str
) -> Iterator[_Row]:
    match node:
        case Band(members, child):
            for position, member in enumerate(members):
                indent = "  " * (depth + position)
                level = levels[path, position]
                yield _Row(
                    f"{indent}{member.name}",
                    _some(member.statements),
                    _runs(member),
                    _because(level, fp),
                )
            yield from _rows(child, (*path, 0), depth + len(members), levels, fp)
        case Mark(_, child) | Region(_, child):
            yield from _rows(child, (*path, 0), depth, levels, fp)
        case TreeSequence(children):
            for number, filtered in enumerate(children):
                yield from _rows(filtered.child, (*path, number), depth, levels, fp)
        case _:
            return


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" +{len(names) - most}" if len(names) > most else ""
    return " ".join(names[:most]) + more


def _runs(member: Member) -> str:
    tiled = any(isinstance(atom, Floor) for _, row in member.rows for atom, _ in row.terms)
    words = [
        *(["tiles,"] if tiled else []),
        *(["parallel"] if member.parallel else []),
        *([f"vector {member.vector}"] if member.vector else []),
    ]
    if not member.parallel and not member.vector:
        words.append("sequential")
    if member.unroll:
        words.append("unrolled" if member.unroll < 0 else f"unrolled by {member.unroll}")
    return " ".join(words)


def _because(level: Level, fp: str) -> str:
    """What the loop carries; for a loop that carries something, what would free it."""
    if level.is_parallel:
        return "nothing is carried"
    into = ", ".join(dict.fromkeys(d.array for d in level.reductions))
    if not level.carried:
        reordered = level.member.parallel or level.member.vector
        return f"reduction into {into}, reordered" if reordered else f"reduction into {into}"
    strict = [d for d in level.carried if d.kind == "reduction"]
    if fp == "strict" and len(strict) == len(level.carried):
        into = ", ".join(dict.fromkeys(d.array for d in strict))
        return f'carries the reduction into {into}; fp="reassociate" would free it'
    listed = [f"{d.kind} of {d.sink} on {d.source} through {d.array}" for d in level.carried]
    unique = list(dict.fromkeys(listed))
    more = f" and {len(unique) - 1} more" if len(unique) > 1 else ""
    return f"carries {unique[0]}{more}{_remedy(level.carried)}"


def _remedy(carried: Sequence[Dependence]) -> str:
    """Dependences through reused storage alone end when each iteration has its own."""
    if any(d.kind not in ("anti", "output") for d in carried):
        return ""
    arrays = ", ".join(dict.fromkeys(d.array for d in carried))
    return f"; no value flows: a copy of {arrays} per iteration would free it"


def _table(rows: Sequence[_Row]) -> list[str]:
    if not rows:
        return ["no loops"]
    head = _Row("loop", "around", "runs", "because")
    widths = [
        max(len(getattr(row, name)) for row in (head, *rows))
        for name in ("loop", "statements", "runs")
    ]
    one, two, three = widths
    return [
        f" {row.loop:{one}}  {row.statements:{two}}  {row.runs:{three}}  {row.because}"
        for row in (head, *rows)
    ]


def _script(schedule: Schedule) -> list[str]:
    if not schedule.steps:
        return ["in source order: no step was taken"]
    return ["the script:", *(f"  {line}" for line in schedule.script.splitlines())]


def _reordered(schedule: Schedule) -> list[str]:
    """The reductions whose updates are free to change places."""
    free = {d.source for d in schedule.dependences.items if schedule.judge.may_reorder(d)}
    found = [
        f"{s.array} by {s.name}{'' if s.reduction.exact else ' (within 8 eps L)'}"
        for s in schedule.scop.statements
        if s.reduction is not None and s.name in free
    ]
    return ["", f"reductions that may be reordered: {', '.join(found) or 'none'}"]


def _functions(scop: Scop, fp: str) -> list[str]:
    """The functions whose last bits are not Python's."""
    exprs = [e for s in scop.statements for e in (s.guard, s.value) if e is not None]
    called = {n.function for e in exprs for n in walk(e) if isinstance(n, Call)}
    series = sorted(called & _SERIES)
    rounded = sorted(called & ROUNDED.keys()) if fp != "strict" else []
    lines = {
        "libm's, close to Python's but not bit for bit": series,
        "within 4 ulp of libm where they run in vectors": rounded,
    }
    return [f"{what}: {', '.join(names)}" for what, names in lines.items() if names]
