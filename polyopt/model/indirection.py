"""Loops whose range is read from data, as loops between bounds that have names.

    for k in range(ptr[i], ptr[i + 1]):    →    for k in range(k_lower, k_upper):

Sets know the two names as parameters, of which nothing is known but that the range is not empty,
and so hold every instance that there may be: the model is exact but for which of them there are,
and what such a loop writes is written perhaps. Where the loops are printed, the names become what
they stand for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from polyopt.model.affine import Affine, Compare, Condition
from polyopt.model.nest import Branch, DataBound, Loop, LoopNest, Node


def with_named_bounds(nest: LoopNest) -> LoopNest:
    """The nest with a name for each bound that is read from data; it lists them."""
    taken = {p.name for p in nest.parameters} | {a.name for a in nest.arrays}
    taken |= {a.name for a in nest.arguments} | set(_variables(nest.body))
    found: list[DataBound] = []
    body = _named(nest.body, taken, found)
    return replace(nest, body=body, bounds=tuple(found)) if found else nest


def _variables(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        match node:
            case Loop(variable=variable, body=body):
                yield variable
                yield from _variables(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _variables((*then, *otherwise))
            case _:
                pass


def _named(nodes: tuple[Node, ...], taken: set[str], found: list[DataBound]) -> tuple[Node, ...]:
    made: list[Node] = []
    for node in nodes:
        match node:
            case Loop(variable, lower, upper, _, body):
                lower = _name(lower, f"{variable}_lower", taken, found)
                upper = _name(upper, f"{variable}_upper", taken, found)
                made.append(
                    replace(node, lower=lower, upper=upper, body=_named(body, taken, found))
                )
            case Branch(then=then, otherwise=otherwise):
                sides = [_named(side, taken, found) for side in (then, otherwise)]
                made.append(replace(node, then=sides[0], otherwise=sides[1]))
            case _:
                made.append(node)
    return tuple(made)


def _name(bound: Affine, wanted: str, taken: set[str], found: list[DataBound]) -> Affine:
    if not bound.is_data:
        return bound
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    taken.add(name)
    found.append(DataBound(name, bound))
    return Affine.name(name)


def not_empty(nest: LoopNest) -> tuple[Condition, ...]:
    """That no loop over data is empty: such a loop has no instances to speak of.

    Only where both bounds are names, that is, parameters of the model.
    """
    names = {b.name for b in nest.bounds} | {p.name for p in nest.parameters}
    return tuple(
        Compare("<" if loop.step > 0 else ">", loop.lower, loop.upper)
        for loop in _loops(nest.body)
        if any({b.name} & (loop.lower.names() | loop.upper.names()) for b in nest.bounds)
        and loop.lower.names() | loop.upper.names() <= names
    )


def _loops(nodes: Iterable[Node]) -> Iterator[Loop]:
    for node in nodes:
        match node:
            case Loop(body=body):
                yield node
                yield from _loops(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _loops((*then, *otherwise))
            case _:
                pass
