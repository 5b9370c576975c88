"""Facts about index arrays: `po.assume(po.injective(idx))` and its like."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import constructs
from polyopt.frontend.affine import read_affine
from polyopt.frontend.captured import Function, resolve
from polyopt.frontend.context import Context
from polyopt.frontend.forwarding import assignments
from polyopt.model.affine import Affine
from polyopt.model.nest import FactKind, IndexFact, LoopNest

_KINDS: Mapping[str, FactKind] = {
    "injective": "injective",
    "monotone": "monotone",
    "within": "within",
}


def index_fact(context: Context, node: ast.expr) -> IndexFact | None:
    """The fact that an assumption states of an index array; None where it is a condition."""
    if not isinstance(node, ast.Call):
        return None
    function = resolve(context, node.func)
    if not isinstance(function, Function) or function.module != "polyopt":
        return None
    kind = _KINDS.get(function.name)
    if kind is None:
        return None
    count = 3 if kind == "within" else 1
    argument = node.args[0] if len(node.args) == count and not node.keywords else None
    array = context.arrays.get(argument.id) if isinstance(argument, ast.Name) else None
    if array is None or array.kind != "argument" or len(array.shape) != 1:
        form = constructs.WITHIN_FORM if kind == "within" else constructs.FACT_FORM(kind=kind)
        raise context.unsupported(node, form)
    if not array.dtype.is_integer:
        text = constructs.FACT_TYPE(name=array.name, dtype=array.dtype)
        raise context.unsupported(node, text)
    if context.depth:
        raise context.unsupported(node, constructs.ASSUMPTION_PLACE)
    limits = _limits(context, node) if kind == "within" else None
    return IndexFact(kind, array.name, context.text(node), context.source.locate(node), limits)


def _limits(context: Context, node: ast.Call) -> tuple[Affine, Affine]:
    """The limits of a range, affine in sizes and integer arguments."""
    lower, upper = (read_affine(context, limit, "limit") for limit in node.args[1:])
    return lower, upper


def check_facts(nest: LoopNest, facts: Iterable[IndexFact]) -> None:
    """Raise UnsupportedSyntaxError for a fact about an array that the kernel writes."""
    written = {a.array for a in assignments(nest.body)}
    for fact in facts:
        if fact.array in written:
            text = constructs.FACT_WRITTEN(text=fact.text, name=fact.array)
            raise UnsupportedSyntaxError(text, fact.location)
