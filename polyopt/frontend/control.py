"""Control: loops, branches, labels, assumptions."""

from __future__ import annotations

import ast
import re

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import constructs, messages
from polyopt.frontend.affine import read_affine
from polyopt.frontend.captured import Function, resolve
from polyopt.frontend.choices import Bindings, join_names
from polyopt.frontend.conditions import affine_condition, assumption, constant, opposite
from polyopt.frontend.context import Bound, Context, Lost
from polyopt.frontend.dispatch import read_statements, statement
from polyopt.frontend.guards import read_data_branch
from polyopt.frontend.index_facts import index_fact
from polyopt.frontend.indirect import read_index
from polyopt.frontend.leaving import without
from polyopt.frontend.promotion import WEAK_INT
from polyopt.frontend.statements import branch
from polyopt.frontend.walks import stored_names
from polyopt.model.affine import Affine, All, Compare, Condition
from polyopt.model.nest import Assumption, Loop, Node


@statement(ast.Pass)
def _pass(context: Context, node: ast.Pass) -> list[Node]:  # noqa: ARG001  (one signature for all)
    return []


# ---- loops ---------------------------------------------------------------------------------


@statement(ast.For)
def _for(context: Context, node: ast.For) -> list[Node]:
    return [*read_loop(context, node)]


def read_loop(context: Context, node: ast.For) -> list[Loop]:
    """A `for` loop over a range; none where its body does nothing."""
    if node.orelse:
        raise context.unsupported(node.orelse[0], constructs.LOOP_ELSE)
    lower, upper, step = _range(context, node.iter)
    variable = _variable(context, node.target)
    inside = _iterations(variable, lower, upper, step)
    runs = context.flow.runs(*context.known(), lower, upper, step)
    flow = context.flow.loop(node, variable, inside, runs)
    with context.block([*node.body, node.target], loop=True), flow:
        bound = Bound(Affine.name(variable), WEAK_INT, True, node.lineno)
        context.bindings[variable] = bound
        body = read_statements(context, without(node.body, ast.Continue))
        context.bindings[variable] = Lost("", node.lineno)
    if not body:
        return []
    where = context.source.locate(node)
    return [Loop(variable, lower, upper, step, tuple(body), where)]


def _iterations(variable: str, lower: Affine, upper: Affine, step: int) -> Condition:
    """The values that a loop's variable has."""
    first, last = (lower, upper - 1) if step > 0 else (upper + 1, lower)
    value = Affine.name(variable)
    known = (Compare(">=", value, first), Compare("<=", value, last))
    return All(tuple(c for c in known if not c.right.is_data))


def _variable(context: Context, target: ast.expr) -> str:
    if not isinstance(target, ast.Name):
        raise context.unsupported(target, constructs.LOOP_TARGET)
    name = target.id
    if name in context.signature.names:
        raise context.unsupported(target, messages.LOOP_VARIABLE_HIDES(name=name))
    binding = context.bindings.get(name)
    if isinstance(binding, Bound) and binding.is_loop:
        raise context.unsupported(
            target, messages.LOOP_VARIABLE_SHADOWS(name=name, line=binding.line)
        )
    if name in context.arrays:
        raise context.unsupported(target, messages.LOOP_VARIABLE_HIDES(name=name))
    if name in context.data:
        raise context.unsupported(
            target, messages.LOOP_VARIABLE_IS_DATA(name=name, line=target.lineno)
        )
    return name


def _range(context: Context, node: ast.expr) -> tuple[Affine, Affine, int]:
    if not isinstance(node, ast.Call) or not _is_range(context, node.func):
        raise context.unsupported(node, constructs.loop_over(node, context.text(node)))
    if node.keywords or not 1 <= len(node.args) <= 3:
        raise context.unsupported(node, constructs.RANGE_FORM)
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            raise context.unsupported(argument, constructs.RANGE_FORM)
    if len(node.args) == 1:
        return Affine(), read_index(context, node.args[0], "loop bound"), 1
    lower, upper = (read_index(context, argument, "loop bound") for argument in node.args[:2])
    step = _step(context, node.args[2]) if len(node.args) == 3 else 1
    return lower, upper, step


def _is_range(context: Context, function: ast.expr) -> bool:
    try:
        return resolve(context, function) == Function("builtins", "range")
    except UnsupportedSyntaxError:
        return False


def _step(context: Context, node: ast.expr) -> int:
    affine = read_affine(context, node, "loop step")
    if not affine.is_constant:
        raise context.not_affine(node, messages.VARIABLE_STEP(text=context.text(node)))
    if affine.constant == 0:
        raise context.unsupported(node, messages.ZERO_STEP)
    return affine.constant


# ---- branches ------------------------------------------------------------------------------


@statement(ast.If)
def _if(context: Context, node: ast.If) -> list[Node]:
    condition = affine_condition(context, node.test)
    if condition is None:
        return read_data_branch(context, node)
    outcome = constant(condition)
    if outcome is not None:
        return read_statements(context, node.body if outcome else node.orelse)
    sides: list[tuple[Node, ...]] = []
    ends: list[Bindings] = []
    before, after = dict(context.bindings), dict(context.bindings)
    with context.flow.fork() as fork:
        for suite, known in ((node.body, condition), (node.orelse, opposite(condition))):
            context.bindings = dict(before)
            with context.block(suite, loop=False), fork.side(), context.flow.where(known):
                sides.append(tuple(read_statements(context, suite)))
                ends.append(dict(context.bindings))
            after |= {name: context.bindings[name] for name in stored_names(suite)}
    context.bindings = after
    join_names(context, node, condition, *ends)
    return branch(context, condition, sides[0], sides[1], node)


# ---- labels and assumptions ----------------------------------------------------------------


@statement(ast.With)
def _with(context: Context, node: ast.With) -> list[Node]:
    name = _label(context, node)
    if context.label is not None:
        raise context.unsupported(node, constructs.NESTED_LABEL)
    context.label = name
    body = read_statements(context, node.body)
    context.label = None
    return body


def _label(context: Context, node: ast.With) -> str:
    item = node.items[0]
    call = item.context_expr
    if len(node.items) == 1 and item.optional_vars is None and isinstance(call, ast.Call):
        known = resolve(context, call.func) == Function("polyopt", "label")
        argument = call.args[0] if len(call.args) == 1 and not call.keywords else None
        if known:
            name = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w*", name):
                return name
            raise context.unsupported(call, constructs.LABEL_FORM)
    raise context.unsupported(node, constructs.WITH)


@statement(ast.Assert)
def _assert(context: Context, node: ast.Assert) -> list[Node]:
    _assume(context, node.test)
    return []


@statement(ast.Expr)
def _expression(context: Context, node: ast.Expr) -> list[Node]:
    value = node.value
    if isinstance(value, ast.Constant) and (isinstance(value.value, str) or value.value is ...):
        return []
    if isinstance(value, ast.Call):
        function = resolve(context, value.func)
        if function == Function("polyopt", "assume"):
            if len(value.args) != 1 or value.keywords:
                raise context.unsupported(value, constructs.ASSUME_FORM)
            _assume(context, value.args[0])
            return []
        if not isinstance(function, Function):
            text = messages.unknown_call(value.func, context.text(value.func))
            raise context.unsupported(value, text)
    if type(value) in constructs.CONSTRUCTS:
        raise context.unsupported(value, constructs.construct(value))
    raise context.unsupported(value, constructs.UNUSED_VALUE(text=context.text(value)))


def _assume(context: Context, node: ast.expr) -> None:
    fact = index_fact(context, node)
    if fact is not None:
        context.index_facts.append(fact)
        return
    condition = assumption(context, node)
    if constant(condition) is False:
        raise context.unsupported(node, constructs.FALSE_ASSUMPTION(text=context.text(node)))
    if constant(condition) is None:
        where = context.source.locate(node)
        context.assumptions.append(Assumption(condition, context.text(node), where))
