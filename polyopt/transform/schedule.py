"""`Schedule`: an order of a kernel's statement instances, with the script that made it.

Immutable: every step returns a new schedule. A step checks its arguments, builds the new tree,
has the whole tree judged, and is appended to the script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyopt.displayed import Displayed
from polyopt.errors import BadArgumentError, IllegalScheduleError
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.scop import Scop
from polyopt.model.tree import Tree
from polyopt.model.types import FpMode
from polyopt.transform import (
    contraction,
    diamonds,
    fusion,
    jamming,
    loops,
    mapping,
    packing,
    peeling,
    reducing,
    regions,
    scanning,
    separation,
    splitting,
    storage,
    work_arrays,
)
from polyopt.transform.edit import loop_names
from polyopt.transform.legality import Breach, Judge, Verdict
from polyopt.transform.promotion import required_blocks
from polyopt.transform.refusal import describe
from polyopt.transform.remedies import remedies
from polyopt.transform.script import Script, Step, difference, program
from polyopt.transform.text import check_complete, parse_tree, reordered
from polyopt.transform.witness import witness


@dataclass(frozen=True)
class Schedule(Displayed):
    """A legal order of a SCoP's instances.

    `tree` is the order, `steps` the script from source order. Loops are named after the
    variables they came from; `loops` and `statements` list the names that resolve. A `brief`
    schedule refuses without a witness, for a search that only asks whether a step is legal.
    """

    scop: Scop
    dependences: Dependences = field(compare=False, repr=False)
    fp: FpMode
    tree: Tree
    steps: tuple[Step, ...]
    judge: Judge = field(compare=False, repr=False)
    origin: Scop = field(compare=False, repr=False)
    brief: bool = field(default=False, compare=False, repr=False)

    @staticmethod
    def source_order(scop: Scop, dependences: Dependences, fp: FpMode) -> Schedule:
        """The order in which the kernel is written: where every script begins."""
        judge = Judge(scop, dependences, fp)
        return Schedule(scop, dependences, fp, scop.tree, (), judge, scop)

    def __reduce__(self) -> tuple[object, ...]:
        # What the judge remembers is computed again.
        parts = (self.scop, self.dependences, self.fp, self.tree, self.steps, self.origin)
        return _restored, parts

    # -- what it is --------------------------------------------------------------------------

    @property
    def loops(self) -> tuple[str, ...]:
        """The names of the loops, outermost and textually first ones first."""
        return loop_names(self.tree)

    @property
    def statements(self) -> tuple[str, ...]:
        """The names of the statements, in textual order. Their labels resolve as well."""
        return self.tree.statements

    @property
    def script(self) -> str:
        """Python that rebuilds this schedule from `spec.original`."""
        return program(self.steps)

    def save(self, path: str | Path) -> None:
        """Write the script to a file, with the kernel's fingerprint; `Script.load` reads it."""
        Script.of(self).save(path)

    def diff(self, other: Schedule) -> str:
        """What differs between this schedule and another one: `script.difference`."""
        return difference(self, other)

    @property
    def verdict(self) -> Verdict:
        """What the loops carry, judged afresh."""
        return self.judge.judge(self.tree)

    def __str__(self) -> str:
        return str(self.tree)

    # -- order -------------------------------------------------------------------------------

    def interchange(self, first: str, second: str) -> Schedule:
        """Swap two loops of one band: `loops.interchange`."""
        tree = loops.interchange(self.tree, first, second)
        return self._then(tree, Step("interchange", (first, second)))

    def permute(self, *names: str) -> Schedule:
        """Order the named loops of one band as given: `loops.permute`."""
        return self._then(loops.permute(self.tree, names), Step("permute", names))

    def reverse(self, loop: str) -> Schedule:
        """Run a loop backwards: `loops.reverse`."""
        return self._then(loops.reverse(self.tree, loop), Step("reverse", (loop,)))

    def skew(self, loop: str, by: str, factor: int = 1) -> Schedule:
        """Skew a loop by an outer one: `loops.skew`."""
        tree = loops.skew(self.tree, loop, by, factor)
        return self._then(tree, Step("skew", (loop,), (("by", by), ("factor", factor))))

    def shift(self, statement: str, loop: str, amount: int) -> Schedule:
        """Delay one statement in a loop: `loops.shift`."""
        tree = loops.shift(self.tree, statement, loop, amount)
        return self._then(tree, Step("shift", (statement, loop, amount)))

    def fuse(self, first: str, second: str) -> Schedule:
        """Fuse two neighbouring loops: `fusion.fuse`."""
        return self._then(fusion.fuse(self.tree, first, second), Step("fuse", (first, second)))

    def distribute(self, loop: str, before: str) -> Schedule:
        """Split a loop before a statement: `fusion.distribute`."""
        tree = fusion.distribute(self.tree, loop, before)
        return self._then(tree, Step("distribute", (loop,), (("before", before),)))

    def restructure(self, text: str) -> Schedule:
        """Replace the order of whole nests by the one written: `text.reordered`."""
        if not isinstance(text, str):
            raise BadArgumentError(f"restructure takes the text of a tree, not {text!r}.")
        parameters = frozenset(self.scop.parameter_names)
        names = {s.name: frozenset(s.iterators) | parameters for s in self.scop.statements}
        order = parse_tree(text, names)
        tree = reordered(self.tree, order)
        check_complete(tree, self.scop)
        return self._then(tree, Step("restructure", (str(order),)))

    # -- tiles -------------------------------------------------------------------------------

    def strip_mine(self, loop: str, size: int, name: str | None = None) -> Schedule:
        """Cut a loop into strips: `loops.strip_mine`."""
        tree = loops.strip_mine(self.tree, loop, size, name)
        keywords = () if name is None else (("name", name),)
        return self._then(tree, Step("strip_mine", (loop, size), keywords))

    def tile(self, sizes: Mapping[str, int], names: Mapping[str, str] | None = None) -> Schedule:
        """Tile loops of one band: `loops.tile`."""
        tree = loops.tile(self.tree, sizes, names or {})
        keywords = () if not names else (("names", tuple(names.items())),)
        return self._then(tree, Step("tile", (tuple(sizes.items()),), keywords))

    def wavefront(self, outer: str, inner: str) -> Schedule:
        """Parallel along the sum of two loops: `loops.wavefront`."""
        tree = loops.wavefront(self.tree, outer, inner)
        return self._then(tree, Step("wavefront", (outer, inner)))

    def diamond(
        self, time: str, space: str, size: int = 64, inner: Mapping[str, int] | None = None
    ) -> Schedule:
        """Diamond tiles with concurrent start: `diamonds.diamond`."""
        tree = diamonds.diamond(
            self.tree, self.scop, self.dependences, time, space, size, inner or {}
        )
        keywords: tuple[tuple[str, object], ...] = (("size", size),)
        keywords += (("inner", tuple(inner.items())),) if inner else ()
        return self._then(tree, Step("diamond", (time, space), keywords))

    # -- marks -------------------------------------------------------------------------------

    def parallel(self, loop: str) -> Schedule:
        """Run a loop on threads: `loops.parallel`."""
        return self._then(loops.parallel(self.tree, loop), Step("parallel", (loop,)))

    def pipeline(self, loop: str, along: str) -> Schedule:
        """Run a loop on threads, each a step behind the one before: `loops.pipeline`."""
        tree = loops.pipeline(self.tree, loop, along)
        return self._then(tree, Step("pipeline", (loop, along)))

    def region(self, *names: str) -> Schedule:
        """Run neighbouring parallel loops under one team of threads: `regions.region`."""
        return self._then(regions.region(self.tree, names), Step("region", names))

    def vectorize(self, loop: str, width: int = 8) -> Schedule:
        """Run a loop in vector lanes: `loops.vectorize`."""
        keywords = () if width == 8 else (("width", width),)
        tree = loops.vectorize(self.tree, loop, width)
        return self._then(tree, Step("vectorize", (loop,), keywords))

    def reduce(
        self,
        loop: str,
        partials: int | None = None,
        parallel: bool = False,
        chunk: int | None = None,
    ) -> Schedule:
        """Accumulate in partial results, on threads or side by side: `reducing.reduce`."""
        tree = reducing.reduce(self.judge, self.tree, loop, partials, parallel, chunk)
        given = (("partials", partials), ("parallel", parallel or None), ("chunk", chunk))
        keywords = tuple((k, v) for k, v in given if v is not None)
        return self._then(tree, Step("reduce", (loop,), keywords))

    def scan(self, loop: str) -> Schedule:
        """Run a recurrence as a prefix operation, in vectors: `scanning.scan`."""
        return self._then(scanning.scan(self.tree, self.scop, self.fp, loop), Step("scan", (loop,)))

    def unroll(self, loop: str, factor: int = -1) -> Schedule:
        """Unroll a loop: `loops.unroll`."""
        tree = loops.unroll(self.tree, loop, factor)
        return self._then(tree, Step("unroll", (loop,), (("factor", factor),)))

    def unroll_and_jam(self, loop: str, factor: int) -> Schedule:
        """Run iterations of a loop side by side in the loops inside: `jamming.unroll_and_jam`."""
        tree = jamming.unroll_and_jam(self.tree, self.scop, loop, factor)
        return self._then(tree, Step("unroll_and_jam", (loop, factor)))

    def map_to_grid(self, groups: tuple[str, ...] = (), items: tuple[str, ...] = ()) -> Schedule:
        """Map loops to the groups and items of an OpenCL launch: `mapping.map_to_grid`."""
        tree = mapping.map_to_grid(self.tree, groups, items)
        keywords = (("groups", tuple(groups)), ("items", tuple(items)))
        return self._then(tree, Step("map_to_grid", (), tuple(k for k in keywords if k[1])))

    # -- storage -----------------------------------------------------------------------------

    def privatize(self, array: str, at: str | None = None) -> Schedule:
        """Give each iteration of the loops around its uses its own copy: `storage.privatize`, of
        an argument `work_arrays.privatize_argument`."""
        step = Step("privatize", (array,), () if at is None else (("at", at),))
        if any(a.name == array and a.kind == "argument" for a in self.scop.arrays):
            scop, work = work_arrays.privatize_argument(
                self.scop, self.dependences, self.tree, array, at
            )
            dependences = analyse(scop, self.dependences, frozenset({array, work}))
            return over(replace(self, tree=scop.tree), scop, dependences, step)
        scop = storage.privatize(self.scop, self.dependences, self.tree, array, at)
        return self._stored(scop, frozenset({array}), step)

    def expand(self, array: str) -> Schedule:
        """Keep the private copies of a loop's iterations side by side: `storage.expand`."""
        scop = storage.expand(self.scop, array)
        return over(self, scop, self.dependences, Step("expand", (array,)))

    def rename(self, array: str) -> Schedule:
        """Give uses of a scalar that share no value names of their own: `storage.rename`."""
        scop = storage.rename(self.scop, self.dependences, array)
        new = {a.name for a in scop.arrays} - {a.name for a in self.scop.arrays}
        return self._stored(scop, frozenset({array, *new}), Step("rename", (array,)))

    def _stored(self, scop: Scop, changed: frozenset[str], step: Step) -> Schedule:
        """This order over a model with other storage, whose dependences are computed anew."""
        return over(self, scop, analyse(scop, self.dependences, changed), step)

    def split(self, loop: str, at: str | int) -> Schedule:
        """Run a loop's range in two parts: `splitting.split`."""
        tree = splitting.split(self.tree, self.scop, loop, at)
        return self._then(tree, Step("split", (loop,), (("at", at),)))

    def peel(self, loop: str, front: int = 1, back: int = 1) -> Schedule:
        """Run the ends of a loop's range apart: `peeling.peel`."""
        tree = peeling.peel(self.tree, self.scop, loop, front, back)
        return self._then(tree, Step("peel", (loop,), (("front", front), ("back", back))))

    def separate(self, *names: str, inside: str | None = None) -> Schedule:
        """Run full tiles apart from partial ones: `separation.separate`."""
        tree = separation.separate(self.tree, self.scop, names, inside)
        keywords = () if inside is None else (("inside", inside),)
        return self._then(tree, Step("separate", names, keywords))

    def promote(self, array: str, at: str, to: str = "register") -> Schedule:
        """Keep a loop's block of an array in registers or local memory: `storage.promote`."""
        tree = storage.promote(self.judge.footprints, self.tree, array, at, to)
        keywords = () if to == "register" else (("to", to),)
        return self._then(tree, Step("promote", (array,), (("at", at), *keywords)))

    def contract(self, array: str) -> Schedule:
        """Shrink a local array to what of it is alive at once: `contraction.contract`."""
        made = contraction.contract(self.scop, self.dependences, self.tree, array)
        return over(self, *made, Step("contract", (array,)))

    def pack(
        self,
        array: str,
        at: str,
        order: tuple[str, ...] | None = None,
        panel: Mapping[str, int] | None = None,
        pad: bool = False,
    ) -> Schedule:
        """Copy what a loop reads into a buffer of another layout: `packing.pack`."""
        tree = packing.pack(self.judge.footprints, self.tree, array, at, order, panel or {}, pad)
        panels = tuple((panel or {}).items())
        given = (("order", tuple(order or ())), ("panel", panels), ("pad", pad))
        keywords = tuple((k, v) for k, v in given if v)
        return self._then(tree, Step("pack", (array,), (("at", at), *keywords)))

    def apply(self, transformation: Callable[[Schedule], Schedule]) -> Schedule:
        """A user's own transformation, itself made of steps."""
        made = transformation(self) if callable(transformation) else None
        if not isinstance(made, Schedule):
            raise BadArgumentError(
                f"apply takes a function from Schedule to Schedule, and this "
                f"{f'gave {made!r}' if callable(transformation) else f'is {transformation!r}'}."
            )
        return made

    # -- judging -----------------------------------------------------------------------------

    def _then(self, tree: Tree, step: Step) -> Schedule:
        new = replace(self, tree=tree, steps=(*self.steps, step))
        new.judged(step.short, lambda breach: remedies(self, step, breach))
        return new

    def judged(self, step: str, ways: Callable[[Breach], tuple[str, ...]] | None = None) -> Verdict:
        """What the loops carry; `ways` finds scripts that lead round a breach.

        Raises IllegalScheduleError where a dependence is broken, in the name of `step`, or where
        a block that the order needs cannot be.
        """
        verdict = self.judge.judge(self.tree)
        verdict = verdict if self.brief else verdict.confirmed()
        if verdict.is_legal:
            required_blocks(self.judge.footprints, self.tree, verdict)
            return verdict
        if self.brief:
            raise IllegalScheduleError(f"{step} breaks a dependence.")
        violations = tuple(witness(self.scop, b) for b in verdict.breaches[:4])
        found = ways(verdict.breaches[0]) if ways else ()
        message = describe(step, self, verdict, violations[0], found)
        raise IllegalScheduleError(message, violations, self, found)


def over(schedule: Schedule, scop: Scop, dependences: Dependences, *steps: Step) -> Schedule:
    """An order over another model and its dependences, after the steps that made them; judged."""
    judge = Judge(scop, dependences, schedule.fp, schedule.judge)
    taken = (*schedule.steps, *steps)
    new = replace(schedule, scop=scop, dependences=dependences, steps=taken, judge=judge)
    new.judged(steps[0].short)
    return new


def _restored(
    scop: Scop,
    dependences: Dependences,
    fp: FpMode,
    tree: Tree,
    steps: tuple[Step, ...],
    origin: Scop,
) -> Schedule:
    return Schedule(scop, dependences, fp, tree, steps, Judge(scop, dependences, fp), origin)
