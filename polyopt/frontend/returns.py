"""`return` of values: they become arguments that the call makes, and that the kernel writes.

    s = 0.0                                  s = 0.0
    for i in range(n):                       for i in range(n):
        s += v[i]                    →           s += v[i]
    return s, w                              result_0[0] = s

where `result_0` is an array of one element. A local array that is returned is such an argument
itself, and an argument that is returned is the call's own array. Where several branches return,
each first sets a local, so that the values have one type.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from polyopt.frontend import constructs
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.data import index
from polyopt.frontend.dispatch import read_expression, statement
from polyopt.frontend.elements import shape_of
from polyopt.frontend.leaving import gives_nothing
from polyopt.frontend.promotion import WEAK_FLOAT, Side, is_exact
from polyopt.frontend.values import Value
from polyopt.model.affine import Affine
from polyopt.model.arguments import Argument, Result, Returned, ReturnedTuple
from polyopt.model.nest import Array, Assign, Node
from polyopt.model.types import ArrayType, DType, bool_

_BY_BRANCHES = "each branch returns its own"


def find_returns(context: Context, body: Sequence[ast.stmt]) -> None:
    """Note where a function's text returns; raises where only some ways through it do."""
    found = list(ends(body))
    context.returns.places = {id(node) for node in found}
    valued = [node for node in found if not gives_nothing(node)]
    context.returns.several = len(context.returns.places & {id(n) for n in valued}) > 1
    if valued and not always(body):
        text = constructs.RETURN_SOMETIMES(text=context.text(valued[0]))
        raise context.unsupported(valued[0], text)


def ends(body: Sequence[ast.stmt]) -> Iterator[ast.Return]:
    """The `return`s with which a suite ends."""
    match body:
        case [*_, ast.Return() as node]:
            yield node
        case [*_, ast.If(body=then, orelse=otherwise)]:
            yield from ends(then)
            yield from ends(otherwise)
        case [*_, ast.With(body=inner)]:
            yield from ends(inner)


def always(body: Sequence[ast.stmt]) -> bool:
    """Whether a suite ends with a value on every way through it."""
    match body:
        case [*_, ast.Return() as node]:
            return not gives_nothing(node)
        case [*_, ast.If(body=then, orelse=otherwise)]:
            return always(then) and always(otherwise)
        case [*_, ast.With(body=inner)]:
            return always(inner)
        case _:
            return False


@statement(ast.Return)
def _return(context: Context, node: ast.Return) -> list[Node]:
    if id(node) not in context.returns.places:
        raise context.unsupported(node, constructs.EARLY_RETURN)
    if node.value is None or gives_nothing(node):
        return []
    try:
        result, nodes = _read(context, node.value, "result", node)
    except Pending:  # a later round knows the types
        return []
    known = context.returns.result
    if known is not None and _shape(known) != _shape(result):
        raise context.unsupported(node, constructs.RETURN_DIFFERS(text=context.text(node)))
    context.returns.result, context.returns.last = result, node.value
    return nodes


def _shape(result: Result) -> object:
    """A result without the types of its scalars."""
    if isinstance(result, ReturnedTuple):
        return tuple(_shape(item) for item in result.items)
    return result.name, result.scalar is None


def _read(context: Context, node: ast.expr, name: str, at: ast.Return) -> tuple[Result, list[Node]]:
    """What an expression returns, and the assignments that it takes."""
    if isinstance(node, ast.Tuple):
        parts = [_read(context, e, f"{name}_{i}", at) for i, e in enumerate(node.elts)]
        return ReturnedTuple(tuple(r for r, _ in parts)), [n for _, nodes in parts for n in nodes]
    if isinstance(node, ast.Name) and node.id in context.arrays:
        return Returned(context.arrays[node.id].name), []
    shape = shape_of(context, node)
    if shape is not None:
        values = [index(context, node, extent) for extent in shape]
        made = [_scalar(context, v, f"{name}_{i}", node, at) for i, v in enumerate(values)]
        return ReturnedTuple(tuple(r for r, _ in made)), [n for _, n in made]
    result, assign = _scalar(context, read_expression(context, node), name, node, at)
    return result, [assign]


def _scalar(
    context: Context, value: Value, wanted: str, node: ast.expr, at: ast.Return
) -> tuple[Returned, Assign]:
    names = context.returns.names
    _check_kept(context, value, node)
    if context.returns.several:
        if wanted not in names:
            names[wanted] = context.fresh(f"_{wanted}")
            context.data[names[wanted]] = _BY_BRANCHES
        return Returned(names[wanted], WEAK_FLOAT), context.set_scalar(
            names[wanted], value, node, at
        )
    name = names.setdefault(wanted, context.fresh(wanted))
    dtype, where = value.type.dtype, context.source.locate(at)
    context.arrays[name] = Array(name, dtype, (Affine.integer(1),), "argument", where)
    expr = context.coerce(value, dtype, node)
    assign = Assign(name, (Affine(),), expr, None, context.label, where)
    return Returned(name, value.type), assign


def _check_kept(context: Context, value: Value, node: ast.AST) -> None:
    """Refuse a value whose type depends on data where the joined type changes a number of one."""
    for side in value.sides:
        if not _keeps(side, value.type.dtype):
            context.refuse_mixed(node, value)
            return


def _keeps(side: Side, dtype: DType) -> bool:
    """Whether numbers of a side are the same numbers in `dtype`."""
    if side.constant is None:
        return bool(np.can_cast(side.type.dtype.numpy, dtype.numpy)) and not (
            side.type.dtype.is_integer and dtype.is_inexact and side.type.dtype.bits > 32
        )
    if dtype.is_integer or dtype is bool_:
        return True  # a constant that does not fit is refused where it is converted
    return is_exact(side, dtype)


# ---- when the text is read -----------------------------------------------------------------


def finish(context: Context) -> tuple[list[Node], tuple[Argument, ...]]:
    """The last assignments of a kernel that returns, and the arguments that its call makes."""
    result = context.returns.result
    if result is None:
        return [], ()
    nodes: list[Node] = []
    if context.returns.several:
        result = _gathered(context, result, nodes)
        context.returns.result = result
    made = dict.fromkeys(_made(context, result))
    arguments = []
    for name in made:
        array = replace(context.arrays[name], kind="argument")
        context.arrays |= {n: array for n, a in context.arrays.items() if a.name == name}
        arguments.append(Argument(name, ArrayType(array.dtype, array.shape), made=True))
    return nodes, tuple(arguments)


def _gathered(context: Context, result: Result, nodes: list[Node]) -> Result:
    """The scalars that branches have set, each written at the end."""
    if isinstance(result, ReturnedTuple):
        return ReturnedTuple(tuple(_gathered(context, item, nodes) for item in result.items))
    if result.scalar is None:
        return result
    value, where = context.scalar(result.name), context.locals[result.name]
    _check_kept(context, value, context.returns.last)
    name = context.fresh(result.name.lstrip("_"))
    dtype = value.type.dtype
    context.arrays[name] = Array(name, dtype, (Affine.integer(1),), "argument", where)
    expr = context.coerce(value, dtype, context.returns.last)
    nodes.append(Assign(name, (Affine(),), expr, None, None, where))
    return Returned(name, value.type)


def _made(context: Context, result: Result) -> Iterator[str]:
    if isinstance(result, ReturnedTuple):
        for item in result.items:
            yield from _made(context, item)
    elif result.scalar is not None or context.arrays[result.name].kind == "local":
        yield result.name
