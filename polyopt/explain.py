"""Why each loop runs as it does: the facts that legality found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyopt.emit.libm import ROUNDED
from polyopt.emit.lower import plan
from polyopt.machine import detect
from polyopt.model.affine import Affine, Floor
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
    rows = list(_Rows(schedule, _blocks(schedule)).of(schedule.tree.root, (), 0, ()))
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


class _Rows:
    """The rows of a schedule's loops, outermost first."""

    def __init__(self, schedule: Schedule, blocks: Blocks) -> None:
        self.scop, self.fp, self.blocks = schedule.scop, schedule.fp, blocks
        self.levels = {(level.path, level.position): level for level in schedule.verdict.levels}

    def of(self, node: Node, path: Path, depth: int, notes: tuple[str, ...]) -> Iterator[_Row]:
        """The rows below a node; `notes` are for the first of them."""
        inner = (*path, 0)
        match node:
            case Band(members, child):
                for position, member in enumerate(members):
                    own = self.blocks.get((path, position), ())
                    yield self.row(path, position, member, depth + position, (*notes, *own))
                    notes = ()
                yield from self.of(child, inner, depth + len(members), ())
            case Mark(_, child) | Region(_, child):
                own = self.blocks.get((path, 0), ())
                yield from self.of(child, inner, depth, (*notes, *own))
            case TreeSequence(children):
                own = (*notes, *self.blocks.get((path, 0), ()))
                for number, part in enumerate(children):
                    separated = any(text for _, text in part.instances)
                    kind = ("full tiles",) if number == 0 else ("partial tiles",)
                    yield from self.of(
                        part.child, (*path, number), depth, (*own, *(kind if separated else ()))
                    )
            case _:
                return

    def row(
        self, path: Path, position: int, member: Member, depth: int, notes: tuple[str, ...]
    ) -> _Row:
        """One loop's row."""
        because = _because(self.levels[path, position], self.fp, self.scop)
        name, around = f"{'  ' * depth}{member.name}", _some(member.statements)
        return _Row(name, around, _runs(member), "; ".join((because, *notes)))


Blocks = Mapping[tuple["Path", int], tuple[str, ...]]
"""What stays local from a loop on inwards, by the loop's place."""


def _blocks(schedule: Schedule) -> Blocks:
    """The blocks of arrays that are kept local, each with its extents."""
    found: dict[tuple[Path, int], tuple[str, ...]] = {}
    for block in plan(schedule):
        if block.shape:
            text = f"{block.array} stays in a local block of {' x '.join(map(str, block.shape))}"
        else:
            text = f"{block.array} stays in a local scalar"
        place = block.path, block.position
        found[place] = (*found.get(place, ()), text)
    return found


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" +{len(names) - most}" if len(names) > most else ""
    return " ".join(names[:most]) + more


def _runs(member: Member) -> str:
    sizes = dict.fromkeys(filter(None, (_tile(row) for _, row in member.rows)))
    words = [
        *([f"tiles of {' or '.join(sizes)},"] if sizes else []),
        *(["parallel"] if member.parallel else []),
        *([f"vector {member.vector}"] if member.vector else []),
    ]
    if not member.parallel and not member.vector:
        words.append("sequential")
    if member.unroll:
        words.append("unrolled" if member.unroll < 0 else f"unrolled by {member.unroll}")
    return " ".join(words)


def _tile(row: Affine) -> str:
    """The extents of the tiles that a row counts; two where a wavefront counts along their sum."""
    floors = (atom for atom, _ in row.terms if isinstance(atom, Floor))
    return " and ".join(str(floor.denominator) for floor in floors)


def _because(level: Level, fp: str, scop: Scop) -> str:
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
    lines = {s.name: f"{s.name} (line {s.location.line})" for s in scop.statements}
    unique = list(
        dict.fromkeys(
            f"{d.kind} of {lines[d.sink]} on "
            f"{'itself' if d.sink == d.source else lines[d.source]} through {d.array}"
            for d in level.carried
        )
    )
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
    numpy = sorted(name for name in called if name[3:] in ROUNDED)
    lines = {
        "libm's, within 4 ulp of NumPy's": numpy,
        "libm's, close to Python's but not bit for bit": series,
        "within 4 ulp of libm where they run in vectors": rounded,
    }
    return [f"{what}: {', '.join(names)}" for what, names in lines.items() if names]
