"""Assignments: to scalars, array elements, names of sizes and local arrays."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable

from polyopt.frontend import array_messages, constructs, messages
from polyopt.frontend.conditions import affine_condition, opposite
from polyopt.frontend.context import Bound, Context, Pending
from polyopt.frontend.data import BINARY, arithmetic, index
from polyopt.frontend.dispatch import read_expression, read_statements, statement
from polyopt.frontend.elements import read_element, shape_of
from polyopt.frontend.local_arrays import is_array_creation, read_local_array
from polyopt.frontend.values import Value, affine_of
from polyopt.model.affine import Condition
from polyopt.model.expr import children, loads
from polyopt.model.nest import Assign, Branch, Node


@statement(ast.Assign)
def _assign(context: Context, node: ast.Assign) -> list[Node]:
    lifted = _lift(context, node, node.value)
    if lifted is not None:
        return lifted
    if len(node.targets) > 1:
        return _chain(context, node)
    target = node.targets[0]
    if isinstance(target, ast.Tuple | ast.List):
        return _unpack(context, node, target)
    return _store_expression(context, target, node.value, node)


@statement(ast.AnnAssign)
def _annotated(context: Context, node: ast.AnnAssign) -> list[Node]:
    if node.value is None:
        raise context.unsupported(node, constructs.BARE_ANNOTATION)
    plain = ast.Assign([node.target], node.value)
    return _assign(context, ast.copy_location(plain, node))


@statement(ast.AugAssign)
def _augmented(context: Context, node: ast.AugAssign) -> list[Node]:
    lifted = _lift(context, node, node.value)
    if lifted is not None:
        return lifted
    op = BINARY.get(type(node.op))
    if op is None:
        raise context.unsupported(node, messages.MATRIX_PRODUCT)
    target = copy.copy(node.target)
    if isinstance(target, ast.Attribute):
        raise context.unsupported(
            target, array_messages.ATTRIBUTE_TARGET(text=context.text(target))
        )
    target.ctx = ast.Load()
    try:
        old, value = read_expression(context, target), read_expression(context, node.value)
        new = arithmetic(context, node, op, old, value)
    except Pending:
        return _postpone(context, node.target)
    return store(context, node.target, new, node.value, node)


def _postpone(context: Context, target: ast.expr) -> list[Node]:
    """An assignment whose type a later round will know."""
    if isinstance(target, ast.Name):
        _check_name(context, target)
        if target.id not in context.data:
            reason = messages.REASSIGNED_IN_LOOP.format(line=target.lineno)
            context.demote(target.id, reason, target)
        context.assigned.add(target.id)
    return []


# ---- one target ----------------------------------------------------------------------------


def _store_expression(
    context: Context, target: ast.expr, value: ast.expr, at: ast.stmt
) -> list[Node]:
    if is_array_creation(context, value):
        return read_local_array(context, target, value, at)
    if isinstance(value, ast.Name) and value.id in context.arrays:
        raise context.unsupported(value, array_messages.ARRAY_ALIAS(name=value.id))
    if shape_of(context, value) is not None:
        raise context.unsupported(value, array_messages.WHOLE_SHAPE(text=context.text(value)))
    try:
        read = read_expression(context, value)
    except Pending:
        return _postpone(context, target)
    return store(context, target, read, value, at)


def store(
    context: Context, target: ast.expr, value: Value, node: ast.AST, at: ast.stmt
) -> list[Node]:
    """`target = value`, as the statement `at` says; `node` is where the value stands."""
    if isinstance(target, ast.Name):
        return _store_name(context, target, value, node, at)
    if isinstance(target, ast.Subscript):
        array, subscripts = read_element(context, target)
        expr = context.coerce(value, array.dtype, node)
        where = context.source.locate(at)
        return [Assign(array.name, subscripts, expr, None, context.label, where)]
    if isinstance(target, ast.Attribute):
        raise context.unsupported(
            target, array_messages.ATTRIBUTE_TARGET(text=context.text(target))
        )
    raise context.unsupported(target, constructs.construct(target))


def _check_name(context: Context, target: ast.Name) -> None:
    name = target.id
    if name in context.arrays:
        raise context.unsupported(target, array_messages.ARRAY_REBOUND(name=name))
    binding = context.bindings.get(name)
    if isinstance(binding, Bound) and binding.is_loop:
        raise context.unsupported(
            target, messages.LOOP_VARIABLE_ASSIGNED(name=name, line=binding.line)
        )


def _store_name(
    context: Context, target: ast.Name, value: Value, node: ast.AST, at: ast.stmt
) -> list[Node]:
    _check_name(context, target)
    name = target.id
    affine = affine_of(value)
    if name not in context.data:
        if affine is not None:
            context.bind(name, affine, value.type, target.lineno)
            return []
        context.demote(name, messages.ASSIGNED_DATA.format(line=target.lineno), target)
    return [context.set_scalar(name, value, node, at)]


# ---- several targets -----------------------------------------------------------------------


def _chain(context: Context, node: ast.Assign) -> list[Node]:
    """`a = b = value`: the value is computed once, then stored from left to right."""
    try:
        value = read_expression(context, node.value)
    except Pending:
        return [n for target in node.targets for n in _postpone(context, target)]
    first: list[Node] = []
    if children(value.expr) or _reads(value, _written(context, node.targets)):
        first, value = _hold(context, value, node)
    stores = [store(context, target, value, node.value, node) for target in node.targets]
    return [*first, *(each for nodes in stores for each in nodes)]


def _reads(value: Value, arrays: set[str]) -> bool:
    return any(load.array in arrays for load in loads(value.expr))


def _written(context: Context, targets: Iterable[ast.expr]) -> set[str]:
    """The arrays and data scalars that these targets store into."""
    written: set[str] = set()
    for target in targets:
        base = target
        while isinstance(base, ast.Subscript):
            base = base.value
        if isinstance(base, ast.Name):
            array = context.arrays.get(base.id)
            written.add(array.name if array is not None else context.storage(base.id))
    return written


def _hold(context: Context, value: Value, at: ast.stmt) -> tuple[list[Node], Value]:
    """Keep a value in a fresh local, where later stores cannot change it."""
    name = context.fresh("_old")
    context.data[name] = messages.ASSIGNED_DATA.format(line=at.lineno)
    keep = context.set_scalar(name, value, at, at)
    return [keep], context.scalar(name)


def _unpack(context: Context, node: ast.Assign, target: ast.Tuple | ast.List) -> list[Node]:
    """`n, m = A.shape`, or `a, b = b, a` by way of fresh locals."""
    for each in target.elts:
        if isinstance(each, ast.Starred | ast.Tuple | ast.List):
            raise context.unsupported(each, constructs.NESTED_TARGET)
    shape = shape_of(context, node.value)
    if shape is not None:
        if len(shape) != len(target.elts):
            text = constructs.UNPACKED_SHAPE(
                text=context.text(node.value), rank=len(shape), targets=len(target.elts)
            )
            raise context.unsupported(node, text)
        values = [index(context, node.value, extent) for extent in shape]
        return _store_each(context, target.elts, values, node)
    if not isinstance(node.value, ast.Tuple | ast.List):
        raise context.unsupported(
            node.value, constructs.UNPACKED_VALUE(text=context.text(node.value))
        )
    if len(node.value.elts) != len(target.elts):
        text = constructs.UNPACKED_COUNT(targets=len(target.elts), values=len(node.value.elts))
        raise context.unsupported(node, text)
    return _exchange(context, node, target.elts, node.value.elts)


def _exchange(
    context: Context, at: ast.Assign, targets: list[ast.expr], nodes: list[ast.expr]
) -> list[Node]:
    try:
        values = [read_expression(context, node) for node in nodes]
    except Pending:
        return [n for target in targets for n in _postpone(context, target)]
    first: list[Node] = []
    for place, value in enumerate(values):
        if _reads(value, _written(context, targets[:place])):
            keep, values[place] = _hold(context, value, at)
            first.extend(keep)
    return [*first, *_store_each(context, targets, values, at)]


def _store_each(
    context: Context, targets: list[ast.expr], values: Iterable[Value], at: ast.Assign
) -> list[Node]:
    stores = [
        store(context, target, value, at.value, at)
        for target, value in zip(targets, values, strict=True)
    ]
    return [node for nodes in stores for node in nodes]


# ---- conditional expressions on sizes and iterators ----------------------------------------


def _lift(context: Context, node: ast.Assign | ast.AugAssign, value: ast.expr) -> list[Node] | None:
    """`x = A[i-1] if i > 0 else 0` becomes a branch, so that each side has its exact domain.

    Only where a side reads an array: of constants, the value is simply selected.
    """
    for choice in ast.walk(value):
        if not isinstance(choice, ast.IfExp) or not _reads_array(choice):
            continue
        condition = affine_condition(context, choice.test)
        if condition is None:
            continue
        sides: list[tuple[Node, ...]] = []
        with context.flow.fork() as fork:
            for side in (choice.body, choice.orelse):
                changed = copy.copy(node)
                changed.value = _replace(value, choice, side)
                with context.block([node], loop=False), fork.side():
                    sides.append(tuple(read_statements(context, [changed])))
        return branch(context, condition, sides[0], sides[1], choice.test)
    return None


def _reads_array(choice: ast.IfExp) -> bool:
    return any(
        isinstance(n, ast.Subscript)
        for side in (choice.body, choice.orelse)
        for n in ast.walk(side)
    )


def _replace(root: ast.expr, old: ast.expr, new: ast.expr) -> ast.expr:
    """A copy of `root` with `new` in the place of `old`; untouched parts are shared."""
    if root is old:
        return new
    changed = copy.copy(root)
    for name, child in ast.iter_fields(root):
        if isinstance(child, ast.expr):
            setattr(changed, name, _replace(child, old, new))
        elif isinstance(child, list):
            parts = [_replace(c, old, new) if isinstance(c, ast.expr) else c for c in child]
            setattr(changed, name, parts)
    return changed


def branch(
    context: Context,
    condition: Condition,
    then: tuple[Node, ...],
    otherwise: tuple[Node, ...],
    at: ast.AST,
) -> list[Node]:
    """An affine branch, without the sides that hold nothing."""
    if not then and not otherwise:
        return []
    if not then:
        condition, then, otherwise = opposite(condition), otherwise, ()
    return [Branch(condition, then, otherwise, context.source.locate(at))]
