"""Local arrays: `np.zeros`, `np.ones`, `np.full`, `np.empty` with affine shapes."""

from __future__ import annotations

import ast

from polyopt.frontend import array_messages
from polyopt.frontend.affine import read_affine
from polyopt.frontend.captured import ARRAY_MAKERS, Function, resolve
from polyopt.frontend.conditions import dtype_of
from polyopt.frontend.context import Context, Pending
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.elements import shape_of
from polyopt.frontend.promotion import WEAK_BOOL, WEAK_FLOAT, WEAK_INT
from polyopt.frontend.values import Value
from polyopt.model.affine import Affine
from polyopt.model.expr import Const, Expr
from polyopt.model.nest import Array, Assign, Loop, Node
from polyopt.model.types import DType, f64, i64
from polyopt.source import Location

_PYTHON_TYPES = {
    "float": WEAK_FLOAT.dtype,
    "int": WEAK_INT.dtype,
    "bool": WEAK_BOOL.dtype,
}
_FILL = {"zeros": 0, "ones": 1}


def is_array_creation(context: Context, node: ast.expr) -> bool:
    """Whether `node` calls `np.zeros` or one of its sisters."""
    function = resolve(context, node.func) if isinstance(node, ast.Call) else None
    if not isinstance(function, Function) or function.module != "numpy":
        return False
    return function.name in ARRAY_MAKERS


def read_local_array(
    context: Context, target: ast.expr, call: ast.expr, at: ast.stmt
) -> list[Node]:
    """Declare the array that `target = np.zeros(…)` makes, and fill it.

    One that is made in a loop is one array, made anew by being filled anew: its extents may not
    change there, and what one iteration leaves in it no other reads.

    Raises UnsupportedSyntaxError for extents that change in loops, and for a name in use already.
    """
    assert isinstance(call, ast.Call)
    if not isinstance(target, ast.Name):
        raise context.unsupported(target, array_messages.ARRAY_TARGET)
    name = target.id
    known = context.arrays.get(name)
    if known is not None and (known.kind != "local" or known.name != name):
        raise context.unsupported(target, array_messages.ARRAY_REBOUND(name=name))
    bound = name in context.bindings and name not in context.ended and known is None
    if name in context.data or bound or name in context.loop_lines:
        raise context.unsupported(target, array_messages.ARRAY_AND_SCALAR(name=name))
    resolved = resolve(context, call.func)
    assert isinstance(resolved, Function)
    function = resolved.name
    arguments = _arguments(context, call, function)
    shape = _shape(context, arguments["shape"])
    fill, dtype = _fill(context, function, arguments)
    where = context.source.locate(at)
    _check_extents(context, name, shape, call)
    context.arrays[name] = _made(context, Array(name, dtype, shape, "local", where), target)
    if fill is None:
        return []
    return [_fill_loops(context, name, shape, context.coerce(fill, dtype, call), where)]


def _check_extents(context: Context, name: str, shape: tuple[Affine, ...], call: ast.expr) -> None:
    """Refuse extents that a loop around changes."""
    sizes = {p.name for p in context.signature.parameters}
    for extent in shape if context.depth else ():
        if extent.is_data or not extent.names() <= sizes:
            text = array_messages.LOCAL_ARRAY_EXTENT(name=name, extent=str(extent))
            raise context.unsupported(call, text)


def _made(context: Context, array: Array, target: ast.expr) -> Array:
    """The array, or the one of that name that was made before, to be filled anew."""
    before = context.arrays.get(array.name) or context.ended.get(array.name)
    if before is None:
        return array
    if (before.name, before.shape, before.dtype) != (array.name, array.shape, array.dtype):
        raise context.unsupported(target, array_messages.LOCAL_ARRAY_AGAIN(name=array.name))
    return before


def _arguments(context: Context, call: ast.Call, function: str) -> dict[str, ast.expr]:
    names = ("shape", "fill_value", "dtype") if function == "full" else ("shape", "dtype")
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in names or keyword.arg in given:
            text = array_messages.array_keyword(function, str(keyword.arg), names)
            raise context.unsupported(keyword, text)
        given[keyword.arg] = keyword.value
    needed = set(names) - {"dtype"}
    if needed - given.keys() or len(call.args) > len(names):
        raise context.unsupported(call, array_messages.array_arguments(function, names))
    return given


def _shape(context: Context, node: ast.expr) -> tuple[Affine, ...]:
    whole = shape_of(context, node)
    if whole is not None:
        return whole
    items = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    if not items:
        raise context.unsupported(node, array_messages.RANK_ZERO)
    return tuple(read_affine(context, item, "extent") for item in items)


def _fill(
    context: Context, function: str, arguments: dict[str, ast.expr]
) -> tuple[Value | None, DType]:
    given = _dtype(context, arguments["dtype"]) if "dtype" in arguments else None
    if function == "empty":
        return None, given or f64
    if function != "full":
        return Value(Const(_FILL[function], i64), WEAK_INT), given or f64
    try:
        value = read_expression(context, arguments["fill_value"])
    except Pending:  # only the type is missing, and a later round has it
        return None, given or f64
    return value, given or value.type.dtype


def _dtype(context: Context, node: ast.expr) -> DType:
    found = dtype_of(context, node)
    if found is not None:
        return found
    if isinstance(node, ast.Name):
        function = resolve(context, node)
        if isinstance(function, Function) and function.name in _PYTHON_TYPES:
            return _PYTHON_TYPES[function.name]
    raise context.unsupported(node, array_messages.DTYPE(text=context.text(node)))


def _fill_loops(
    context: Context, name: str, shape: tuple[Affine, ...], value: Expr, where: Location
) -> Node:
    variables = [context.fresh(f"_{name}_{dim}") for dim in range(len(shape))]
    subscripts = tuple(Affine.name(variable) for variable in variables)
    node: Node = Assign(name, subscripts, value, None, context.label, where)
    for variable, extent in reversed(list(zip(variables, shape, strict=True))):
        node = Loop(variable, Affine(), extent, 1, (node,), where)
    return node
