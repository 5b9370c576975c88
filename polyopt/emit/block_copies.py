"""Promoted blocks in C: their declarations, and the loops that read them and write them back."""

from __future__ import annotations

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.expr_c import element
from polyopt.emit.layout import Branch
from polyopt.emit.loops import Promote
from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.model.affine import Affine, All, Compare, Condition


def block_start(node: Promote, place: Place, scope: Scope) -> list[cgen.Generable]:
    """The block's declaration, and its elements read where they are needed."""
    name = f"{place.dtype.ctype} {place.name}" + "".join(f"[{e}]" for e in place.extents)
    if not node.load:
        return [cgen.Statement(f"{name} = {{0}}" if place.rank else f"{name} = 0")]
    if not place.rank:
        return [cgen.Statement(f"{name} = {element(node.array, node.origin, scope)}")]
    inside, outside, counters = cells(node, place, scope, write=False)
    whole = _over(counters, place, cgen.Statement(f"{inside} = {outside}"))
    if node.limits:
        test = _within(node, place, scope)
        line = cgen.Statement(f"{inside} = {test} ? {outside} : 0")
        part = _over(counters, place, line)
        return [cgen.Statement(name), _by_limits(node, scope, whole, part)]
    if not node.ends:
        return [cgen.Statement(name), whole]
    ends = end_names(place, scope)
    lines = [
        cgen.Statement(f"const int64_t {end} = {affine(node.ends[d] - node.origin[d], scope)}")
        for d, end in ends.items()
    ]
    there = " && ".join(f"{counters[d]} < {end}" for d, end in ends.items())
    part = _over(counters, place, cgen.Statement(f"{inside} = {there} ? {outside} : 0"))
    return [*lines, cgen.Statement(name), _by_size(node, end_names(place, scope), whole, part)]


def block_end(node: Promote, place: Place, scope: Scope) -> cgen.Generable:
    """The elements of a block written back."""
    inside, outside, counters = cells(node, place, scope, write=True)
    line = cgen.Statement(f"{outside} = {inside}")
    whole = _over(counters, place, line)
    if node.limits and place.rank:
        part = _over(counters, place, cgen.If(cgen.Line(_within(node, place, scope)), line))
        return _by_limits(node, scope, whole, part)
    if not node.ends or not place.rank:
        return whole
    there = " && ".join(f"{counters[d]} < {end}" for d, end in end_names(place, scope).items())
    part = _over(counters, place, cgen.If(cgen.Line(there), line))
    return _by_size(node, end_names(place, scope), whole, part)


def cells(
    node: Promote, place: Place, scope: Scope, *, write: bool
) -> tuple[str, str, dict[int, str]]:
    """An element of the block, the same element of its array, and the counters that tell which."""
    counters = {d: f"{place.name}_{d}" for d in place.kept}
    subscripts = tuple(
        origin + Affine.name(counters[d]) if d in counters else origin
        for d, origin in enumerate(node.origin)
    )
    names = {d: scope.names.of("value", counter) for d, counter in counters.items()}
    outside = str(element(node.array, subscripts, scope, write=write))
    scope.used.values.difference_update(counters.values())
    return place.name + "".join(f"[{name}]" for name in names.values()), outside, names


def _over(counters: dict[int, str], place: Place, line: cgen.Generable) -> cgen.Generable:
    """A line for every element of the block."""
    for name, extent in reversed(list(zip(counters.values(), place.extents, strict=True))):
        line = cgen.For(
            cgen.Line(f"int64_t {name} = 0"), cgen.Line(f"{name} < {extent}"),
            cgen.Line(f"{name}++"), line,
        )  # fmt: skip
    return line


def end_names(place: Place, scope: Scope) -> dict[int, str]:
    """The names of what there is of a clipped block along its dimensions."""
    names = {d: f"{place.name}_end{d}" for d in place.kept}
    return {d: scope.names.of("value", name) for d, name in names.items()}


def _by_size(
    node: Promote, ends: dict[int, str], whole: cgen.Generable, part: cgen.Generable
) -> cgen.Generable:
    """One of two copies: of the whole block, in loops of constant length, or of a part."""
    full = " && ".join(f"{end} >= {node.shape[d]}" for d, end in ends.items())
    return Branch(cgen.Line(full), cgen.Block([whole]), cgen.Block([part]))


def _within(node: Promote, place: Place, scope: Scope) -> str:
    """The test for an element of the block to be within the limits of what is touched."""
    counters = {d: f"{place.name}_{d}" for d in place.kept}
    at = [
        origin + Affine.name(counters[d]) if d in counters else origin
        for d, origin in enumerate(node.origin)
    ]
    text = _all(node, at, 0, scope)
    scope.used.values.difference_update(counters.values())
    return text


def _all(node: Promote, at: list[Affine], spare: int, scope: Scope) -> str:
    """The test for an element, and `spare` ones in place of each that counts against a limit."""
    tests: list[Condition] = []
    for factors, rest in node.limits:
        least = Affine()
        for start, factor, extent in zip(at, factors, node.shape, strict=True):
            least += start * factor + spare * min(0, factor) * (extent - 1)
        tests.append(Compare(">=", least + rest, Affine()))
    return str(condition(All(tuple(tests)), scope))


def _by_limits(
    node: Promote, scope: Scope, whole: cgen.Generable, part: cgen.Generable
) -> cgen.Generable:
    """One of two copies: of the whole block where the least of it is within the limits."""
    test = _all(node, list(node.origin), 1, scope)
    return Branch(cgen.Line(test), cgen.Block([whole]), cgen.Block([part]))
