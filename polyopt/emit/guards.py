"""Blocks are read and written back only where that touches nothing else.

isl lets an outer loop run where the loops inside it are empty. There a block's elements need not
exist, and may belong to others: another thread, or another statement in the block's body. Where
that can be, the block is put under the condition that something uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import islpy as isl

from polyopt._isl import Frame, parameter_condition
from polyopt.emit.loops import For, If, Instance, Node, Promote
from polyopt.model.affine import Affine, All, Compare, Condition, Not
from polyopt.model.scop import Scop
from polyopt.transform.footprints import boxes


@dataclass(frozen=True)
class _Around:
    """The loop variables around a point, outermost first, what holds of them, and how many of
    them are those of parallel loops or lie outside one."""

    variables: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    shared: int = 0

    def inside(self, loop: For) -> _Around:
        variables = (*self.variables, loop.variable)
        return _Around(
            variables,
            (*self.conditions, *_range(loop)),
            len(variables) if loop.parallel or loop.pipeline else self.shared,
        )

    def where(self, condition: Condition) -> _Around:
        return replace(self, conditions=(*self.conditions, condition))


def _range(loop: For) -> tuple[Condition, ...]:
    variable = Affine.name(loop.variable)
    bounds = (Compare(">=", variable, loop.lower), Compare("<", variable, loop.upper))
    if loop.step == 1:
        return bounds
    return (*bounds, Compare("==", (variable - loop.lower).mod(loop.step), Affine()))


def with_guards(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The loops with conditions around the blocks that need them."""
    return _nodes(nodes, scop, _Around())


def _nodes(nodes: tuple[Node, ...], scop: Scop, around: _Around) -> tuple[Node, ...]:
    return tuple(_node(n, scop, around) for n in nodes)


def _node(node: Node, scop: Scop, around: _Around) -> Node:
    match node:
        case For():
            return replace(node, body=_nodes(node.body, scop, around.inside(node)))
        case If(condition, then, otherwise):
            return replace(
                node,
                then=_nodes(then, scop, around.where(condition)),
                otherwise=_nodes(otherwise, scop, around.where(Not(condition))),
            )
        case Promote():
            return _guarded(node, scop, around)
        case _:
            return node


def _guarded(block: Promote, scop: Scop, around: _Around) -> Node:
    plain = replace(block, body=_nodes(block.body, scop, around))
    if block.layout is not None or not (block.load or block.store):
        return plain
    known = _holding(scop, around, around.conditions)
    used = _running(block, scop, around, users_only=True)
    if known.is_subset(used):
        return plain
    alone = _running(block, scop, around, users_only=False).intersect(known).is_subset(used)
    if alone and _exists(block, scop, around, known) and not _shared(block, scop, around):
        return plain
    names = (*scop.parameter_names, *around.variables)
    condition = parameter_condition(used.gist(known).coalesce(), names)
    inside = replace(block, body=_nodes(block.body, scop, around.where(condition)))
    bare = () if alone else _nodes(block.body, scop, around.where(Not(condition)))
    return If(condition, (inside,), bare)


def _holding(scop: Scop, around: _Around, conditions: tuple[Condition, ...]) -> isl.Set:
    """The values of parameters and variables at which conditions hold, as a parameter set."""
    frame = Frame((*scop.parameter_names, *around.variables), "at", ())
    return frame.holds(All(conditions)).params().intersect(scop.context)


def _uses_block(block: Promote, instance: Instance, scop: Scop) -> bool:
    if block.targets:
        return any(name == instance.statement for name, _ in block.targets)
    return any(a.array == block.array for a in scop.statement(instance.statement).accesses)


def _running(block: Promote, scop: Scop, around: _Around, *, users_only: bool) -> isl.Set:
    """Where some instance in the block's body runs, or some that uses the block."""
    outer = (*scop.parameter_names, *around.variables)
    result = Frame(outer, "at", ()).empty().params()
    for instance, variables, conditions in _instances(block.body):
        if not users_only or _uses_block(block, instance, scop):
            frame = Frame(outer, "at", variables)
            result = result.union(frame.holds(All(conditions)).params())
    return result.coalesce()


def _instances(
    nodes: tuple[Node, ...], variables: tuple[str, ...] = (), holding: tuple[Condition, ...] = ()
) -> Iterator[tuple[Instance, tuple[str, ...], tuple[Condition, ...]]]:
    """Every instance with the variables and conditions of the loops around it."""
    for node in nodes:
        match node:
            case Instance():
                yield node, variables, holding
            case For():
                inner = (*variables, node.variable)
                yield from _instances(node.body, inner, (*holding, *_range(node)))
            case If(condition, then, otherwise):
                yield from _instances(then, variables, (*holding, condition))
                yield from _instances(otherwise, variables, (*holding, Not(condition)))
            case Promote():
                yield from _instances(node.body, variables, holding)


def _exists(block: Promote, scop: Scop, around: _Around, known: isl.Set) -> bool:
    """Whether the whole block lies in its array wherever it is reached."""
    declared = scop.array(block.array).shape
    if len(declared) != len(block.origin):
        return True
    conditions: list[Condition] = []
    shape = block.shape or (1,) * len(declared)
    for origin, size, extent in zip(block.origin, shape, declared, strict=True):
        end = origin + (1 if block.ends or block.limits else size)
        conditions += [Compare(">=", origin, Affine()), Compare("<=", end, extent)]
    return bool(known.is_subset(_holding(scop, around, tuple(conditions))))


def _shared(block: Promote, scop: Scop, around: _Around) -> bool:
    """Whether two iterations of the parallel loops around may write one element back."""
    if not around.shared or not block.store:
        return False
    frame = Frame(scop.parameter_names, "at", around.variables)
    relation = frame.access(block.array, block.origin)
    reached = frame.holds(All(around.conditions)).intersect_params(scop.context)
    relation = boxes(relation.intersect_domain(reached), block.shape)
    inner = len(around.variables) - around.shared
    outer = relation.project_out(isl.dim_type.in_, around.shared, inner)
    return not outer.is_injective()
