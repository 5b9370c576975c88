"""Array elements, and what is known of arrays without reading them: extents."""

from __future__ import annotations

import ast

from polyopt.errors import RankError
from polyopt.frontend import array_messages, messages
from polyopt.frontend.affine import read_affine
from polyopt.frontend.captured import resolve
from polyopt.frontend.context import Context
from polyopt.frontend.data import index
from polyopt.frontend.dispatch import expression
from polyopt.frontend.indirect import read_index
from polyopt.frontend.values import Value
from polyopt.model.affine import Affine
from polyopt.model.expr import Load
from polyopt.model.nest import Array
from polyopt.model.types import ScalarType


@expression(ast.Subscript)
def _subscript(context: Context, node: ast.Subscript) -> Value:
    shape = shape_of(context, node.value)
    if shape is not None:
        return index(context, node, shape[dimension(context, node.slice, len(shape))])
    array, subscripts = read_element(context, node)
    return Value(Load(array.name, subscripts, array.dtype), ScalarType(array.dtype, weak=False))


def shape_of(context: Context, node: ast.expr) -> tuple[Affine, ...] | None:
    """The extents of `A.shape`; None where `node` is something else."""
    if isinstance(node, ast.Attribute) and node.attr == "shape":
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in context.arrays:
            return context.arrays[owner.id].shape
    return None


def dimension(context: Context, node: ast.expr, rank: int) -> int:
    """The constant subscript of a shape, from 0 to rank - 1."""
    affine = read_affine(context, node, "dimension")
    number = affine.constant
    if not affine.is_constant or not -rank <= number < rank:
        raise context.unsupported(
            node, messages.DIMENSION(text=context.text(node), rank=rank, last=rank - 1)
        )
    return number % rank


def read_element(context: Context, node: ast.Subscript) -> tuple[Array, tuple[Affine, ...]]:
    """The array and subscripts of `A[i, j]`, also written `A[i][j]`.

    A constant negative subscript counts from the end, as Python's does.
    """
    items: list[ast.expr] = []
    base: ast.expr = node
    while isinstance(base, ast.Subscript):
        inner = base.slice
        items[:0] = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        base = base.value
    if not isinstance(base, ast.Name) or base.id not in context.arrays:
        if isinstance(base, ast.Name):
            resolve(context, base)  # a captured array has words of its own
        if isinstance(base, ast.Name) and base.id in context.ended:
            raise context.unsupported(base, array_messages.LOCAL_ARRAY_ENDED(name=base.id))
        raise context.unsupported(base, array_messages.NOT_AN_ARRAY(text=context.text(base)))
    array = context.arrays[base.id]
    for item in items:
        _refuse_views(context, item, array)
    if len(items) != len(array.shape):
        text = array_messages.rank(base.id, len(array.shape), len(items), context.text(node))
        raise RankError(text, context.source.locate(node))
    return array, tuple(
        _subscript_of(context, item, extent)
        for item, extent in zip(items, array.shape, strict=True)
    )


def _subscript_of(context: Context, node: ast.expr, extent: Affine) -> Affine:
    affine = read_index(context, node, "subscript")
    return extent + affine if affine.is_constant and affine.constant < 0 else affine


def _refuse_views(context: Context, node: ast.expr, array: Array) -> None:
    if isinstance(node, ast.Slice):
        raise context.unsupported(node, array_messages.SLICE_OF(name=array.name))
    if isinstance(node, ast.Constant) and not isinstance(node.value, int):
        raise context.unsupported(
            node, array_messages.ODD_SUBSCRIPT(text=context.text(node), name=array.name)
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        raise context.unsupported(
            node, array_messages.ODD_SUBSCRIPT(text=context.text(node), name=array.name)
        )
    if isinstance(node, ast.List | ast.Name):
        is_array = isinstance(node, ast.List) or node.id in context.arrays
        if is_array:
            text = array_messages.FANCY_INDEX(name=array.name, text=context.text(node))
            raise context.unsupported(node, text)
