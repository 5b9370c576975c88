"""The explanation of a schedule: a row per loop, and what was done to sums and functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polyopt.displayed import Displayed
from polyopt.emit.launches import Limits
from polyopt.emit.libm import ROUNDED
from polyopt.emit.lower import lower
from polyopt.errors import TargetUnavailableError
from polyopt.explain import memory, reasons
from polyopt.explain.device import launch_facts
from polyopt.machine import Machine, detect
from polyopt.model.affine import Affine, Floor
from polyopt.model.expr import Call, walk
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Mark, Member, Node, Region
from polyopt.model.tree import Sequence as TreeSequence
from polyopt.options import Options
from polyopt.runtime.opencl_device import device_limits
from polyopt.targets import OpenCL
from polyopt.transform.edit import places
from polyopt.transform.legality import Path
from polyopt.transform.schedule import Schedule

_SERIES = frozenset({"gamma", "lgamma"})
"""Functions that Python computes by series of its own, and the kernel by libm's."""

_TEAM = "one team of threads for this loop and those after it in its region"
_PARTS = {"_edge": "partial tiles", "_front": "first iterations", "_back": "last iterations"}


@dataclass(frozen=True, slots=True)
class Row:
    """One loop of the table; the loops inside are indented by two blanks more."""

    loop: str
    around: str
    runs: str
    because: str


HEAD = Row("loop", "around", "runs", "because")


@dataclass(frozen=True, slots=True)
class Explanation(Displayed):
    """Why a schedule runs as it does. `str` draws it as plain text."""

    title: str
    statements: tuple[str, ...]
    rows: tuple[Row, ...]
    script: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        parts = [self.title, *self.statements, "", *_table(self.rows), ""]
        return "\n".join([*parts, *self.script, "", *self.notes])


def explain(schedule: Schedule, options: Options) -> str:
    """A table of the loops: how each runs, which dependence it carries, what would free it."""
    return str(explanation(schedule, options))


def explanation(
    schedule: Schedule, options: Options, machine: Machine | None = None
) -> Explanation:
    """The facts of a schedule, on this machine where none is given."""
    scop, machine = schedule.scop, machine or detect()
    arguments = ", ".join(a.name for a in scop.arguments)
    where = f"{options.target} on {machine.cores} core{'s' if machine.cores > 1 else ''}"
    statements = (
        f"  {s.name:4} {s.location.short:20} {s.location.text.strip()}" for s in scop.statements
    )
    return Explanation(
        f'{scop.name}({arguments}) for {where}, fp="{schedule.fp}"',
        tuple(statements),
        tuple(_Rows(schedule, machine).of(schedule.tree.root, (), (), ())),
        tuple(_script(schedule)),
        (
            *_launches(schedule, options),
            *_sums(schedule),
            *_folded(scop),
            *_functions(scop, schedule.fp),
            *_ways(schedule),
        ),
    )


def _launches(schedule: Schedule, options: Options) -> tuple[str, ...]:
    """What each launch costs, where code is written for an OpenCL device of many items."""
    if not isinstance(options.target, OpenCL):
        return ()
    mapped = any(place.member.grid for place in places(schedule.tree))
    limits = _limits(options.target)
    if not mapped and limits.model != "gpu":
        return ()
    gpu = replace(limits, model="gpu")
    return tuple(map(str, launch_facts(schedule.scop, lower(schedule), schedule.fp, gpu)))


def _limits(target: OpenCL) -> Limits:
    try:
        return device_limits(target)
    except TargetUnavailableError:  # what a script makes of loops can be told without a device
        return Limits("cpu")


class _Rows:
    """The rows of a schedule's loops, outermost first."""

    def __init__(self, schedule: Schedule, machine: Machine) -> None:
        self.schedule, self.machine = schedule, machine
        self.blocks = memory.blocks(schedule)
        self.levels = {(level.path, level.position): level for level in schedule.verdict.levels}

    def of(
        self, node: Node, path: Path, outside: tuple[Member, ...], notes: tuple[str, ...]
    ) -> Iterator[Row]:
        """The rows below a node; `notes` are for the first of them."""
        match node:
            case Band(members, child):
                within = self.within(child, (*path, 0))
                for position in range(len(members)):
                    own = self.blocks.get((path, position), ())
                    last = within if position + 1 == len(members) else ()
                    around = (*outside, *members[:position])
                    yield self.row(path, position, around, (*notes, *own, *last))
                    notes = ()
                yield from self.of(child, (*path, 0), (*outside, *members), ())
            case Mark(_, child) | Region(_, child):
                own = self.blocks.get((path, 0), ())
                team = (_TEAM,) if isinstance(node, Region) else ()
                own = (*own, *team, *self.within(child, (*path, 0)))
                yield from self.of(child, (*path, 0), outside, (*notes, *own))
            case TreeSequence(children):
                own = notes if path else (*notes, *self.within(node, path))
                for number, part in enumerate(children):
                    separated = any(text for _, text in part.instances)
                    kind = (_part(node, number),) if separated else ()
                    kind = (*kind, *self.within(part.child, (*path, number)))
                    yield from self.of(part.child, (*path, number), outside, (*own, *kind))
                    own = ()
            case _:
                return

    def within(self, node: Node, path: Path) -> tuple[str, ...]:
        """What stays local in each iteration of a loop, where the body is no loop itself."""
        return () if isinstance(node, Band | Mark | Region) else self.blocks.get((path, 0), ())

    def row(
        self, path: Path, position: int, outside: tuple[Member, ...], notes: tuple[str, ...]
    ) -> Row:
        """One loop's row."""
        level = self.levels[path, position]
        member = level.member
        why = reasons.because(self.schedule, level, outside)
        if any(_tile(row) for _, row in member.rows):
            size = memory.touched(self.schedule, member, outside, self.machine)
            notes = (*notes, *([size] if size else []))
        name = f"{'  ' * len(outside)}{member.name}"
        because = "; ".join(dict.fromkeys((why, *notes)))
        return Row(name, _some(member.statements), _runs(member), because)


def _part(node: TreeSequence, number: int) -> str:
    """What a part of a loop's instances is, by the names that the steps gave its loops."""
    names = [f.child.members[0].name if isinstance(f.child, Band) else "" for f in node.children]
    for suffix, words in _PARTS.items():
        if names[number].endswith(suffix):
            return words
    if any(name.endswith("_edge") for name in names):
        return "full tiles"
    return f"part {number + 1} of {len(names)}"


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" +{len(names) - most}" if len(names) > most else ""
    return " ".join(names[:most]) + more


def _runs(member: Member) -> str:
    sizes = dict.fromkeys(filter(None, (_tile(row) for _, row in member.rows)))
    words = [
        *([f"tiles of {' or '.join(sizes)},"] if sizes else []),
        *(["parallel"] if member.parallel and not member.grid else []),
        *([f"partials {member.partials}"] if member.partials else []),
        *([f"{member.grid[:-1]} {member.grid[-1]}"] if member.grid else []),
        *([f"vector {member.vector}"] if member.vector else []),
        *(["pipeline"] if member.pipeline else []),
        *(["scan"] if member.scan else []),
    ]
    marks = (member.parallel, member.vector, member.pipeline, member.partials, member.scan)
    if not any(marks):
        words.append("sequential")
    if member.unroll:
        words.append("unrolled" if member.unroll < 0 else f"unrolled by {member.unroll}")
    return " ".join(words)


def _tile(row: Affine) -> str:
    """The extents of the tiles that a row counts; two where a wavefront counts along their sum."""
    floors = (atom for atom, _ in row.terms if isinstance(atom, Floor))
    return " and ".join(str(floor.denominator) for floor in floors)


def _table(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["no loops"]
    shown = (HEAD, *rows)
    one, two, three = (
        max(len(getattr(row, name)) for row in shown) for name in ("loop", "around", "runs")
    )
    return [
        f" {row.loop:{one}}  {row.around:{two}}  {row.runs:{three}}  {row.because}" for row in shown
    ]


def _script(schedule: Schedule) -> list[str]:
    if not schedule.steps:
        return ["in source order: no step was taken"]
    return ["the script:", *(f"  {line}" for line in schedule.script.splitlines())]


def _sums(schedule: Schedule) -> Iterator[str]:
    """The reductions whose updates change places in this order, and those that keep theirs."""
    linked = {d.source: d for d in schedule.dependences.items if d.kind == "reduction"}
    sums = [s for s in schedule.scop.statements if s.name in linked]
    moved = reasons.reordered(schedule) if sums else frozenset()
    here = [f"{s.array} by {s.name} (within 8 eps L)" for s in sums if s.name in moved]
    kept = [f"{s.array} by {s.name}" for s in sums if s.name not in moved]
    yield f"reductions reordered: {', '.join(here) or 'none'}"
    if kept:
        yield f"reductions with the same result, bit for bit: {', '.join(kept)}"


def _folded(scop: Scop) -> Iterator[str]:
    """The local arrays of which only what is alive at once has a cell."""
    arrays = [scop.array(name) for name in scop.contracted]
    if arrays:
        cells = (f"{a.name} to {' x '.join(str(e) for e in a.shape)}" for a in arrays)
        yield f"contracted, as many cells as values alive at once: {', '.join(cells)}"


def _ways(schedule: Schedule) -> Iterator[str]:
    """What would give a nest without parallel loops one."""
    found = reasons.ways(schedule)
    if found:
        yield "a nest would run in parallel after:"
        yield from (f"  {way}" for way in found)


def _functions(scop: Scop, fp: str) -> list[str]:
    """The functions whose last bits are not Python's."""
    exprs = [e for s in scop.statements for e in (s.guard, s.value) if e is not None]
    called = {n.function for e in exprs for n in walk(e) if isinstance(n, Call)}
    series = sorted(called & _SERIES)
    rounded = sorted(called & ROUNDED.keys()) if fp != "strict" else []
    numpy = sorted(name for name in called if name[3:] in ROUNDED)
    lines = {
        "libm's, within 4 ulp of NumPy's": numpy,
        "libm's, close to Python's but not bit for bit": series,
        "within 4 ulp of libm where they run in vectors": rounded,
    }
    return [f"{what}: {', '.join(names)}" for what, names in lines.items() if names]
