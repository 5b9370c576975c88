"""Random scripts: public steps with arguments that mostly make sense."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyopt.model.affine import Affine
from polyopt.model.tree import Band, Member, walk
from polyopt.model.tree import Sequence as TreeSequence
from polyopt.transform.edit import loop_names, node_at, places
from polyopt.transform.schedule import Schedule

SIZES = (1, 2, 2, 3, 4, 5)


@dataclass(frozen=True)
class Call:
    """A step to be tried."""

    name: str
    arguments: tuple[object, ...]
    keywords: tuple[tuple[str, object], ...] = ()

    def apply(self, schedule: Schedule) -> Schedule:
        """The schedule after the step."""
        step: Callable[..., Schedule] = getattr(schedule, self.name)
        return step(*self.arguments, **dict(self.keywords))

    def __str__(self) -> str:
        parts = [repr(a) for a in self.arguments] + [f"{k}={v!r}" for k, v in self.keywords]
        return f"{self.name}({', '.join(parts)})"


def draw_step(rng: random.Random, schedule: Schedule) -> Call:
    """A step for this schedule."""
    makers = dict(_MAKERS)
    while True:
        maker = rng.choices(list(makers), list(makers.values()))[0]
        call = maker(rng, schedule)
        if call is not None:
            return call
        del makers[maker]


def _loops(schedule: Schedule) -> tuple[str, ...]:
    return loop_names(schedule.tree)


def _band(rng: random.Random, schedule: Schedule, least: int) -> list[str] | None:
    """The names of the loops of one band that has enough of them."""
    found = list(zip(_loops(schedule), places(schedule.tree), strict=True))
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, place in found:
        groups.setdefault(place.path, []).append(name)
    wide = [g for g in groups.values() if len(g) >= least]
    return rng.choice(wide) if wide else None


def _interchange(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _band(rng, schedule, 2)
    return Call("interchange", tuple(rng.sample(names, 2))) if names else None


def _permute(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _band(rng, schedule, 3)
    return Call("permute", tuple(rng.sample(names, rng.randint(2, len(names))))) if names else None


def _single(name: str) -> Callable[[random.Random, Schedule], Call | None]:
    def make(rng: random.Random, schedule: Schedule) -> Call | None:
        names = _loops(schedule)
        return Call(name, (rng.choice(names),)) if names else None

    return make


def _parallel(rng: random.Random, schedule: Schedule) -> Call | None:
    """A loop that carries nothing, half of the time."""
    names = _loops(schedule)
    if not names:
        return None
    free = [n for n, lv in zip(names, schedule.verdict.levels, strict=True) if lv.is_parallel]
    return Call("parallel", (rng.choice(free if free and rng.random() < 0.5 else names),))


def _vectorize(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _loops(schedule)
    if not names:
        return None
    free = [n for n, lv in zip(names, schedule.verdict.levels, strict=True) if lv.is_vector]
    return Call(
        "vectorize",
        (rng.choice(free if free and rng.random() < 0.5 else names), rng.choice((2, 4, 8))),
    )


def _unroll(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _loops(schedule)
    return Call("unroll", (rng.choice(names), rng.choice((-1, 2, 3)))) if names else None


def _strip_mine(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _loops(schedule)
    if not 0 < len(names) < 10:
        return None
    return Call("strip_mine", (rng.choice(names), rng.choice(SIZES)))


def _tile(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _band(rng, schedule, 1)
    if not names or len(_loops(schedule)) > 9:
        return None
    chosen = rng.sample(names, rng.randint(1, min(3, len(names))))
    return Call("tile", ({n: rng.choice(SIZES) for n in chosen},))


def _skew(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _band(rng, schedule, 2)
    if not names:
        return None
    outer, inner = sorted(rng.sample(range(len(names)), 2))
    factor = rng.choice((1, 1, 1, 2, -1))
    return Call("skew", (names[inner],), (("by", names[outer]), ("factor", factor)))


def _wavefront(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _band(rng, schedule, 2)
    if not names:
        return None
    outer, inner = sorted(rng.sample(range(len(names)), 2))
    return Call("wavefront", (names[outer], names[inner]))


def _shift(rng: random.Random, schedule: Schedule) -> Call | None:
    if not schedule.statements:
        return None
    statement = rng.choice(schedule.statements)
    around = [p.member.name for p in places(schedule.tree) if statement in p.member.statements]
    if not around:
        return None
    return Call("shift", (statement, rng.choice(around), rng.choice((1, 1, 2, -1))))


def _fuse(rng: random.Random, schedule: Schedule) -> Call | None:
    """Two loops that follow one another, where there are any."""
    by_path = {
        p.path: n
        for n, p in zip(reversed(_loops(schedule)), reversed(places(schedule.tree)), strict=True)
    }
    pairs = [
        (name, by_path[*path[:-1], path[-1] + 1])
        for path, name in by_path.items()
        if path
        and (*path[:-1], path[-1] + 1) in by_path
        and isinstance(node_at(schedule.tree, path[:-1]), TreeSequence)
    ]
    return Call("fuse", rng.choice(pairs)) if pairs else None


def _distribute(rng: random.Random, schedule: Schedule) -> Call | None:
    pairs = [
        (name, s)
        for name, p in zip(_loops(schedule), places(schedule.tree), strict=True)
        for s in p.member.statements[1:]
    ]
    if not pairs:
        return None
    name, statement = rng.choice(pairs)
    return Call("distribute", (name,), (("before", statement),))


def _privatize(rng: random.Random, schedule: Schedule) -> Call | None:
    private = {n for n, _ in schedule.scop.private}
    left = [a.name for a in schedule.scop.arrays if a.kind == "local" and a.name not in private]
    return Call("privatize", (rng.choice(left),)) if left else None


def _expand(rng: random.Random, schedule: Schedule) -> Call | None:
    names = [n for n, _ in schedule.scop.private]
    return Call("expand", (rng.choice(names),)) if names else None


def _separate(rng: random.Random, schedule: Schedule) -> Call | None:
    names = [n for n in _loops(schedule) if f"{n}_tile" in _loops(schedule)]
    return Call("separate", tuple(names[:2])) if names else None


def _peel(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _loops(schedule)
    if not 0 < len(names) < 10:
        return None
    return Call("peel", (rng.choice(names), *rng.choice(((1, 1), (1, 0), (0, 1), (2, 2), (0, 3)))))


def _unroll_and_jam(rng: random.Random, schedule: Schedule) -> Call | None:
    names = _loops(schedule)
    if not 0 < len(names) < 10:
        return None
    return Call("unroll_and_jam", (rng.choice(names), rng.choice((2, 2, 3))))


def _pipeline(rng: random.Random, schedule: Schedule) -> Call | None:
    """Two loops of a band, one directly inside the other."""
    names = _band(rng, schedule, 2)
    if not names:
        return None
    outer = rng.randrange(len(names) - 1)
    return Call("pipeline", (names[outer], names[outer + 1]))


def _diamond(rng: random.Random, schedule: Schedule) -> Call | None:
    """A loop and one inside it."""
    found = list(zip(_loops(schedule), places(schedule.tree), strict=True))
    pairs = [
        (a, b)
        for a, p in found
        for b, q in found
        if p.path == q.path[: len(p.path)]
        and (p.path, p.position) < (q.path, q.position)
        and set(q.member.statements) <= set(p.member.statements)
    ]
    if not pairs or len(found) > 8:
        return None
    return Call("diamond", rng.choice(pairs), (("size", rng.choice((1, 2, 3, 4))),))


def _region(rng: random.Random, schedule: Schedule) -> Call | None:
    """Parallel loops that follow one another, where there are any."""
    by_path = {
        p.path: (n, p.member.parallel)
        for n, p in zip(_loops(schedule), places(schedule.tree), strict=True)
        if p.position == 0
    }
    pairs = [
        (name, by_path[*path[:-1], path[-1] + 1][0])
        for path, (name, parallel) in by_path.items()
        if path and parallel and by_path.get((*path[:-1], path[-1] + 1), ("", False))[1]
    ]
    return Call("region", rng.choice(pairs)) if pairs else None


def _promote(rng: random.Random, schedule: Schedule) -> Call | None:
    arrays = [a.name for a in schedule.scop.arrays if a.shape]
    names = _loops(schedule)
    if (
        not arrays
        or not names
        or any(
            isinstance(n, Band) and any(m.vector for m in n.members)
            for n in walk(schedule.tree.root)
        )
    ):
        return None
    return Call("promote", (rng.choice(arrays),), (("at", rng.choice(names)),))


def _pack(rng: random.Random, schedule: Schedule) -> Call | None:
    scop, found = schedule.scop, list(zip(_loops(schedule), places(schedule.tree), strict=True))
    if not found:
        return None
    at, place = rng.choice(found)
    reads = [
        (name, a) for name in place.member.statements for a in scop.statement(name).accesses
        if a.kind == "read" and a.subscripts and a.array not in dict(scop.private)
    ]  # fmt: skip
    if not reads:
        return None
    _, access = rng.choice(reads)
    one = f"{access.array}[{', '.join(map(str, access.subscripts))}]"
    what = rng.choice((access.array, one))
    inner = [n for n, p in found if set(p.member.statements) <= set(place.member.statements)]
    width = rng.choice((1, 2, 3))
    panel = {rng.choice(inner): width} if rng.random() < 0.4 else {}
    keywords = (("at", at), ("panel", panel), ("pad", rng.random() < 0.6))
    return Call("pack", (what,), keywords)


def _contract(rng: random.Random, schedule: Schedule) -> Call | None:
    arrays = [a.name for a in schedule.scop.arrays if a.kind == "local" and a.shape]
    arrays = [a for a in arrays if a not in dict(schedule.scop.private)]
    return Call("contract", (rng.choice(arrays),)) if arrays else None


def _restructure(rng: random.Random, schedule: Schedule) -> Call | None:
    """The whole order anew: every statement's own iterators permuted, skewed or negated."""
    if schedule.scop.private:
        return None
    lines: list[str] = []
    for statement in schedule.scop.statements:
        rows = [Affine.name(i) for i in statement.iterators]
        if rng.random() < 0.6:
            rng.shuffle(rows)
        if len(rows) > 1 and rng.random() < 0.3:
            rows[-1] = rows[-1] + rows[0] * rng.choice((1, -1))
        for depth, row in enumerate(rows):
            lines.append(f"{'  ' * depth}c{len(lines)} = [{statement.name}: {row}]")
        lines.append(f"{'  ' * len(rows)}{statement.name}")
    return Call("restructure", ("\n".join(lines),))


_MAKERS: dict[Callable[[random.Random, Schedule], Call | None], float] = {
    _interchange: 2.0,
    _permute: 1.0,
    _single("reverse"): 0.7,
    _parallel: 2.2,
    _vectorize: 1.6,
    _unroll: 0.7,
    _strip_mine: 1.2,
    _tile: 2.0,
    _skew: 2.0,
    _wavefront: 0.7,
    _shift: 1.0,
    _fuse: 1.3,
    _distribute: 1.0,
    _privatize: 2.5,
    _expand: 0.8,
    _separate: 1.0,
    _promote: 1.0,
    _pack: 1.0,
    _contract: 0.5,
    _restructure: 0.4,
    _peel: 0.7,
    _unroll_and_jam: 1.0,
    _pipeline: 0.9,
    _diamond: 0.9,
    _region: 1.5,
}

__all__ = ["Call", "Member", "Sequence", "draw_step"]
