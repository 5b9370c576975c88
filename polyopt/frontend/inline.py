"""Plain Python functions of numbers, read in the place of their calls.

    def clamp(x, top=1.0):                    v[i] = clamp(w[i] * 2)
        if x > top:                     →     v[i] = 1.0 if w[i] * 2 > 1.0 else w[i] * 2
            return top
        return x

The arguments are values, which do not change while the function runs; its names are its own. What
it captures is frozen like the kernel's own globals. A branch is read once for each way through it.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress

from polyopt.errors import PolyoptError
from polyopt.frontend import messages
from polyopt.frontend.captured import Helper
from polyopt.frontend.context import Context
from polyopt.frontend.data import BINARY, arithmetic, select, truth
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.promotion import WEAK_BOOL
from polyopt.frontend.source import FunctionSource
from polyopt.frontend.values import OutOfRangeError, Value, number

MOST_CALLS = 16
"""Helpers within helpers."""

MOST_BRANCHES = 6
"""On one way through a helper: each doubles what is read."""


def read_helper_call(context: Context, node: ast.Call, helper: Helper) -> Value:
    """The value that a helper function returns.

    Raises UnsupportedSyntaxError for functions with loops, arrays or other statements than
    assignments to names, `if` and `return`; for recursion; for calls that do not fit.
    """
    function = helper.function
    name = function.__name__
    if len(context.frames) >= MOST_CALLS or any(f.function is function for f in context.frames):
        raise context.unsupported(node, messages.RECURSION(name=name))
    names = _arguments(context, node, helper)
    try:
        source = FunctionSource.of(function)
    except PolyoptError as error:
        raise context.unsupported(node, messages.HELPER_SOURCE(name=name)) from error
    with context.inside(source, function) as frame:
        frame.names.update(names)
        body = source.node.body
        return _suite(context, body, source, 0)


def _arguments(context: Context, node: ast.Call, helper: Helper) -> Mapping[str, Value]:
    """The helper's parameters with the values of the call, defaults included."""
    name = helper.function.__name__
    signature = inspect.signature(helper.function)
    plain = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    kinds = (*plain, inspect.Parameter.KEYWORD_ONLY)
    open_list = any(p.kind not in kinds for p in signature.parameters.values())
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    if open_list or starred or any(k.arg is None for k in node.keywords):
        raise context.unsupported(node, messages.HELPER_ARGUMENTS(name=name))
    given = [read_expression(context, a) for a in node.args]
    named = {str(k.arg): read_expression(context, k.value) for k in node.keywords}
    try:
        bound = signature.bind(*given, **named)
    except TypeError as error:
        raise context.unsupported(node, messages.HELPER_CALL(name=name, fact=error)) from error
    bound.apply_defaults()
    values: dict[str, Value] = {}
    for parameter, value in bound.arguments.items():
        found = value if isinstance(value, Value) else None
        if found is None:
            with suppress(OutOfRangeError):
                found = number(value)
        if found is None:
            raise context.unsupported(node, messages.HELPER_ARGUMENTS(name=name))
        values[parameter] = found
    return values


def _suite(
    context: Context, statements: Sequence[ast.stmt], source: FunctionSource, branches: int
) -> Value:
    """What the statements return, from the names as they are."""
    names = context.frames[-1].names
    for place, statement in enumerate(statements):
        match statement:
            case ast.Return(value=ast.expr() as value):
                return read_expression(context, value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = read_expression(context, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names[name] = read_expression(context, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if type(op) in BINARY:
                old = read_expression(context, _load(statement.target))
                new = read_expression(context, value)
                names[name] = arithmetic(context, statement, BINARY[type(op)], old, new)
            case ast.If():
                rest = statements[place + 1 :]
                return _branch(context, statement, rest, source, branches + 1)
            case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                raise context.unsupported(statement, messages.HELPER_BODY(name=source.name))
    raise context.unsupported(source.node, messages.HELPER_RETURN(name=source.name))


def _load(target: ast.expr) -> ast.expr:
    loaded = copy.copy(target)
    loaded.ctx = ast.Load()  # type: ignore[attr-defined]  # a name
    return loaded


def _branch(
    context: Context,
    node: ast.If,
    rest: Sequence[ast.stmt],
    source: FunctionSource,
    branches: int,
) -> Value:
    """`if`: each side with what follows it, and the choice of the two values."""
    if branches > MOST_BRANCHES:
        raise context.unsupported(node, messages.HELPER_BRANCHES(name=source.name))
    test = Value(truth(context, node.test, read_expression(context, node.test)), WEAK_BOOL)
    frame = context.frames[-1]
    if test.constant is not None:
        chosen = node.body if test.constant else node.orelse
        return _suite(context, [*chosen, *rest], source, branches)
    before = dict(frame.names)
    then = _suite(context, [*node.body, *rest], source, branches)
    frame.names.clear()
    frame.names.update(before)
    otherwise = _suite(context, [*node.orelse, *rest], source, branches)
    return select(context, node, test, then, otherwise)
