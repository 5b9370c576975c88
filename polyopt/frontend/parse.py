"""Python function to loop nest."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import (
    calls,
    choices,
    control,
    data,
    elements,
    guards,
    jumps,
    kernel_calls,
    messages,
    returns,
    statements,
)
from polyopt.frontend.context import Context, Facts
from polyopt.frontend.dispatch import read_statements
from polyopt.frontend.forwarding import forwarded
from polyopt.frontend.halves import in_floats
from polyopt.frontend.index_facts import check_facts
from polyopt.frontend.leaving import without
from polyopt.frontend.promotion import mix
from polyopt.frontend.signature import (
    Signature,
    annotated_types,
    argument_nodes,
    read_signature,
)
from polyopt.frontend.small_arrays import in_scalars
from polyopt.frontend.source import FunctionSource
from polyopt.frontend.values import Value, coerce
from polyopt.model.affine import Affine
from polyopt.model.expr import Index, ScalarArg
from polyopt.model.nest import Argument, Array, LoopNest, Node
from polyopt.model.types import ArgumentType, i32, i64

__all__ = ["annotated_types", "parse"]

READERS = (
    data,
    choices,
    calls,
    elements,
    statements,
    guards,
    control,
    jumps,
    returns,
    kernel_calls,
)
"""The modules that register readers of syntax; importing them is what counts."""

MAX_ROUNDS = 200


def parse(
    source: FunctionSource, types: Mapping[str, ArgumentType], same: Mapping[str, str] | None = None
) -> LoopNest:
    """The loop nest of a function for these argument types.

    `types` has a type for every argument; an extent of None becomes a parameter. `same` maps an
    argument to the earlier one that is the same array object.

    Raises UnsupportedSyntaxError and NotAffineError at the place of what the kernel language
    does not have.
    """
    try:
        return _read(source, read_signature(source, types, same or {}))
    except RecursionError:
        raise UnsupportedSyntaxError(messages.TOO_DEEP, source.location) from None


def _read(source: FunctionSource, signature: Signature) -> LoopNest:
    facts = Facts()
    first = Context(source, signature, facts)
    text = without(jumps.structured(first, source.node.body, first.fresh), ast.Return)
    earlier: list[Facts] = []
    refusals: list[UnsupportedSyntaxError] = []
    while len(earlier) < MAX_ROUNDS:
        context = Context(source, signature, facts)
        context.note(text)
        returns.find_returns(context, text)
        body = [*_initial(context), *read_statements(context, text)]
        last, made = returns.finish(context)
        learnt = context.learnt()
        if learnt is None and context.mixed:
            raise context.mixed[0]
        if learnt is None:
            whole = [*jumps.unset(context), *body, *last]
            nest = in_scalars(in_floats(forwarded(_nest(context, signature, whole, made))))
            check_facts(nest, context.index_facts)
            return nest
        if learnt == facts and context.pending:  # assigned from itself alone
            raise data.read_before_assignment(context, context.pending[0])
        refusals += context.mixed[:1]
        if learnt in earlier:  # a round knows no more than these facts: it goes in a circle
            if not facts.folds:
                break
            learnt, earlier, refusals = Facts(folds=False), [], []
        earlier.append(learnt)
        facts = learnt
    raise refusals[-1] if refusals else UnsupportedSyntaxError(messages.CIRCLE, source.location)


def _initial(context: Context) -> list[Node]:
    """Locals that take the place of assigned scalar arguments start with the argument's value."""
    result: list[Node] = []
    for node in argument_nodes(context.source):
        name, type_ = node.arg, context.signature.scalars.get(node.arg)
        if type_ is None or name not in context.stored:
            continue
        if type_.dtype not in (i32, i64):
            context.data.setdefault(name, "the kernel assigns it")
        if name in context.data:
            is_integer = type_.dtype in (i32, i64)
            expr = Index(Affine.name(name), i64) if is_integer else ScalarArg(name, type_.dtype)
            value = Value(coerce(Value(expr, type_), type_.dtype), type_)
            result.append(context.set_scalar(name, value, node, node))
    return result


def _nest(
    context: Context, signature: Signature, body: list[Node], made: tuple[Argument, ...]
) -> LoopNest:
    arguments = {a.name: a for a in context.arrays.values() if a.kind == "argument"}
    every = (*context.ended.values(), *context.arrays.values())
    local = {a.name: a for a in every if a.kind == "local"}
    scalars = [
        Array(context.storage(name), mix(context.seen[name])[0].dtype, (), "local", where)
        for name, where in context.locals.items()
    ]
    return LoopNest(
        name=context.source.name,
        arguments=(*signature.arguments, *made),
        parameters=signature.parameters,
        arrays=(*arguments.values(), *local.values(), *scalars),
        assumptions=tuple(context.assumptions),
        body=tuple(body),
        captured=tuple(sorted(context.captured.items())),
        index_facts=tuple(context.index_facts),
        location=context.source.location,
        result=context.returns.result,
    )
