"""Ways out of a refusal: a few steps tried before the one refused, each judged like any other.

The search is small and fixed, so that a refusal takes well under a second and is the same every
time: storage of its own for a scalar, a skew by 1 or 2, a shift by up to 2, an interchange, a
fission, and a split where only one iteration is in the way. What is found is a script to copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from typing import TYPE_CHECKING

import islpy as isl

from polyopt._spaces import integer
from polyopt.model.tree import Member, Tree
from polyopt.transform.edit import Place, name_at, places
from polyopt.transform.legality import Breach
from polyopt.transform.script import REFUSALS, Script, Step

if TYPE_CHECKING:
    from polyopt.transform.schedule import Schedule

_MOST_TRIED = 40
_MOST_SHOWN = 3
_MARKS = ("parallel", "vectorize")

Steps = tuple[Step, ...]


def remedies(before: Schedule, refused: Step, breach: Breach) -> tuple[str, ...]:
    """Scripts that end in the refused step and are legal, from the schedule before it."""
    start = replace(before, brief=True)
    found: dict[tuple[str, object], str] = {}
    for steps in islice(dict.fromkeys(_candidates(before, refused, breach)), _MOST_TRIED):
        # Of ways that differ in an amount, the smallest one says it all.
        kind = (steps[0].name, steps[0].arguments[:1])
        if len(found) < _MOST_SHOWN and kind not in found and _is_legal(start, steps):
            found[kind] = "s." + ".".join(map(str, steps))
    return tuple(found.values())


def _is_legal(start: Schedule, steps: Steps) -> bool:
    try:
        Script(steps)(start)
    except REFUSALS:
        return False
    return True


def _candidates(before: Schedule, refused: Step, breach: Breach) -> Iterator[Steps]:
    """What to try, the cheapest change of the program first."""
    for first in (
        *_storage(before, breach),
        *_skews(before, refused),
        *_shifts(before, refused, breach),
    ):
        yield (*first, refused)
    yield from _fissions(before, refused, breach)
    yield from _interchanges(before, refused)
    yield from _splits(before, refused, breach)


def _storage(before: Schedule, breach: Breach) -> Iterator[Steps]:
    """Copies of a scalar for each iteration, or names for uses that share no value."""
    array = breach.dependence.array
    declared = before.scop.array(array)
    if declared.kind == "local" and not declared.shape:
        yield (Step("privatize", (array,)),)
        yield (Step("rename", (array,)),)
        yield Step("rename", (array,)), Step("privatize", (array,))


def _skews(before: Schedule, refused: Step) -> Iterator[Steps]:
    """The loops named, or those of their bands, skewed by ones around them."""
    if refused.name in _MARKS:
        return
    named = _named(before.tree, refused)
    for inner, factor in product(named, (1, 2)):
        band = [p for p in places(before.tree) if p.path == inner.path]
        for outer in (p for p in band if p.position < inner.position):
            yield (_skew(before.tree, inner, outer, factor),)
    for inner, factor in product(named[2:], (1, 2)):
        # Bands of three loops and more: all of them by the outermost.
        band = [p for p in named if p.path == inner.path]
        if len(band) > 2:
            yield tuple(_skew(before.tree, p, band[0], factor) for p in band[1:])


def _skew(tree: Tree, inner: Place, outer: Place, factor: int) -> Step:
    by = (("by", name_at(tree, outer)), ("factor", factor))
    return Step("skew", (name_at(tree, inner),), by)


def _shifts(before: Schedule, refused: Step, breach: Breach) -> Iterator[Steps]:
    """The statements of one of the loops delayed or brought forward together."""
    if breach.dependence.source == breach.dependence.sink:
        return
    for place, amount in product(reversed(_named(before.tree, refused)), (1, 2, -1, -2)):
        ends = {breach.dependence.source, breach.dependence.sink}
        if ends <= set(place.member.statements):
            moved: tuple[str, ...] = (breach.dependence.sink,)
        else:
            moved = place.member.statements
        if refused.name == "shift" and refused.arguments[0] in moved:
            continue  # that would only take the step back
        loop = name_at(before.tree, place)
        yield tuple(Step("shift", (s, loop, amount)) for s in moved)


def _interchanges(before: Schedule, refused: Step) -> Iterator[Steps]:
    """The loop to be marked in another place of its band; tiles keep theirs."""
    if refused.name not in _MARKS:
        return
    points = [p for p in places(before.tree) if all(r.is_linear for _, r in p.member.rows)]
    for place in (p for p in _named(before.tree, refused) if p in points):
        for other in points:
            if other.path == place.path and other.position != place.position:
                names = (name_at(before.tree, place), name_at(before.tree, other))
                yield Step("interchange", names), refused


def _fissions(before: Schedule, refused: Step, breach: Breach) -> Iterator[Steps]:
    """The loop split between the two statements, and both parts marked."""
    source, sink = breach.dependence.source, breach.dependence.sink
    if refused.name not in _MARKS or source == sink:
        return
    order = before.tree.statements
    first, second = sorted((source, sink), key=order.index)
    for place in _named(before.tree, refused):
        if {source, sink} <= set(place.member.statements):
            cut = Step("distribute", (name_at(before.tree, place),), (("before", second),))
            name = place.member.name
            marks = tuple(
                replace(refused, arguments=(f"{s}.{name}", *refused.arguments[1:]))
                for s in (first, second)
            )
            yield cut, *marks


def _splits(before: Schedule, refused: Step, breach: Breach) -> Iterator[Steps]:
    """The range split where every broken pair begins, or ends, at one iteration."""
    if refused.name not in _MARKS:
        return
    for place in _named(before.tree, refused):
        name = name_at(before.tree, place)
        for value in dict.fromkeys(_fixed(before, breach, place.member)):
            yield from _parts(before, refused, place, name, value)


def _parts(before: Schedule, refused: Step, place: Place, name: str, value: int) -> Iterator[Steps]:
    """One iteration apart, at the beginning or the end of what is left."""
    for at in (value + 1, value):
        cut = Step("split", (name,), (("at", str(at)),))
        try:
            halves = cut.on(replace(before, brief=True))
        except REFUSALS:
            continue
        known = {p.member.name for p in places(before.tree)}
        new = [p for p in places(halves.tree) if p.member.name not in known]
        for part in (*(name_at(halves.tree, p) for p in new[:1]), place.member.name):
            yield cut, replace(refused, arguments=(part, *refused.arguments[1:]))


def _fixed(before: Schedule, breach: Breach, member: Member) -> Iterator[int]:
    """The constants that the loop's value is at all sources, or at all sinks, of the pairs."""
    sides = (
        (breach.dependence.source, breach.relation.domain()),
        (breach.dependence.sink, breach.relation.range()),
    )
    for statement, instances in sides:
        row = member.row(statement).single_name
        names = before.scop.statement(statement).iterators
        if row is None or row not in names:
            continue
        plain = isl.Set(instances.affine_hull())
        value = plain.plain_get_val_if_fixed(isl.dim_type.set, names.index(row))
        if value.is_int():
            yield integer(value)


def _named(tree: Tree, refused: Step) -> list[Place]:
    """The loops that a step names, also as keys of its sizes, outermost first."""
    words = [a for a in refused.arguments if isinstance(a, str)]
    words += [str(v) for k, v in refused.keywords if k == "by"]
    for argument in refused.arguments:
        if isinstance(argument, tuple):
            words += [str(pair[0]) for pair in argument if isinstance(pair, tuple)]
    known = {name_at(tree, p): p for p in places(tree)}
    known |= {p.member.name: p for p in places(tree) if _is_only(tree, p)}
    found = {(p.path, p.position): p for p in map(known.get, words) if p is not None}
    return [found[key] for key in sorted(found)]


def _is_only(tree: Tree, place: Place) -> bool:
    return sum(p.member.name == place.member.name for p in places(tree)) == 1
