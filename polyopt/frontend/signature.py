"""Arguments and parameters: what a call provides, and which sizes the model speaks of."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from polyopt.errors import InternalError, PolyoptError, UnsupportedSyntaxError
from polyopt.frontend import constructs
from polyopt.frontend.promotion import WEAK_BOOL, WEAK_COMPLEX, WEAK_FLOAT, WEAK_INT
from polyopt.frontend.source import FunctionSource
from polyopt.model.affine import Affine
from polyopt.model.nest import Argument, Array, Parameter
from polyopt.model.types import ArgumentType, ArrayType, DType, ScalarType, from_numpy, i32, i64


@dataclass(frozen=True)
class Signature:
    """The arguments of one specialisation.

    `arrays` maps every array argument to its array: an argument that is the same array as an
    earlier one maps to that one's. `scalars` are the other arguments; integers among them are
    parameters. `lines` are the arguments' lines.
    """

    arguments: tuple[Argument, ...]
    parameters: tuple[Parameter, ...]
    arrays: Mapping[str, Array]
    scalars: Mapping[str, ScalarType]
    lines: Mapping[str, int]
    captured_names: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """The names of arguments and parameters."""
        return frozenset(a.name for a in self.arguments) | {p.name for p in self.parameters}

    @property
    def parameter_names(self) -> frozenset[str]:
        """The names of the parameters."""
        return frozenset(p.name for p in self.parameters)


def argument_nodes(source: FunctionSource) -> tuple[ast.arg, ...]:
    """The arguments of a definition, in order; refuses `*args`, `**kwargs`, odd defaults."""
    spec = source.node.args
    for star in (spec.vararg, spec.kwarg):
        if star is not None:
            raise UnsupportedSyntaxError(
                constructs.STAR_ARGUMENTS(name=star.arg), source.locate(star)
            )
    for default in (*spec.defaults, *(d for d in spec.kw_defaults if d is not None)):
        if not isinstance(_literal(default), int | float | complex):
            text = constructs.DEFAULT_VALUE(text=source.text(default))
            raise UnsupportedSyntaxError(text, source.locate(default))
    return (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)


def _literal(node: ast.expr) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return node.value if isinstance(node, ast.Constant) else None


# ---- annotations ---------------------------------------------------------------------------

_SCALARS: Mapping[object, ScalarType] = {
    bool: WEAK_BOOL, int: WEAK_INT, float: WEAK_FLOAT, complex: WEAK_COMPLEX,
}  # fmt: skip


def annotated_types(source: FunctionSource) -> Mapping[str, ArgumentType] | None:
    """The argument types that annotations state; None where no argument has one.

    `float`, `int`, `complex` and `bool` are Python's (weak) numbers; `po.f64`, `np.float64`, …
    NumPy's scalars; `po.f64[N, M]` arrays. String annotations are evaluated in the function's
    globals.
    Raises UnsupportedSyntaxError for an annotation that states no type, and where only some
    arguments have one.
    """
    nodes = argument_nodes(source)
    bare = [node for node in nodes if node.annotation is None]
    if len(bare) == len(nodes):
        return None
    if bare:
        text = constructs.PARTLY_ANNOTATED(name=bare[0].arg)
        raise UnsupportedSyntaxError(text, source.locate(bare[0]))
    values = _annotations(source)
    return {node.arg: _annotated_type(source, node, values[node.arg]) for node in nodes}


def _annotations(source: FunctionSource) -> Mapping[str, object]:
    try:
        closure = {n: source.captured(n) for n in source.function.__code__.co_freevars}
        return inspect.get_annotations(source.function, locals=closure, eval_str=True)
    except (LookupError, NameError, SyntaxError, AttributeError, TypeError) as error:
        raise PolyoptError(
            f"{source.location.short}: the annotations of {source.name} cannot be evaluated: "
            f"{error}.\n  The names in them must be globals of the function's module."
        ) from error


def _annotated_type(source: FunctionSource, node: ast.arg, value: object) -> ArgumentType:
    if isinstance(value, ArrayType):
        return value
    if isinstance(value, DType):
        return ScalarType(value, weak=False)
    if isinstance(value, type):
        if value in _SCALARS:
            return _SCALARS[value]
        dtype = from_numpy(np.dtype(value)) if issubclass(value, np.generic) else None
        if dtype is not None:
            return ScalarType(dtype, weak=False)
    assert node.annotation is not None
    text = constructs.ANNOTATION(name=node.arg, text=source.text(node.annotation))
    raise UnsupportedSyntaxError(text, source.locate(node.annotation))


# ---- parameters ----------------------------------------------------------------------------


def read_signature(
    source: FunctionSource, types: Mapping[str, ArgumentType], same: Mapping[str, str]
) -> Signature:
    """The arguments with their types, and the parameters in the order of their first origins."""
    nodes = argument_nodes(source)
    arguments = tuple(Argument(n.arg, _type(types, n.arg), same.get(n.arg)) for n in nodes)
    ranks = {a.name: a.type.rank for a in arguments if isinstance(a.type, ArrayType)}
    names = _extent_names(source, ranks, same)
    parameters: dict[str, Parameter] = {}
    arrays: dict[str, Array] = {}
    scalars: dict[str, ScalarType] = {}
    integers = {a.name for a in arguments if _is_integer(a.type)}
    for node, argument in zip(nodes, arguments, strict=True):
        name, type_ = argument.name, argument.type
        if isinstance(type_, ScalarType):
            scalars[name] = type_
            if name in integers:
                parameters[name] = Parameter(name, ("argument", name, 0))
            continue
        base = argument.same_as or name
        shape = tuple(
            extent if extent is not None else Affine.name(names[base, dim])
            for dim, extent in enumerate(type_.extents)
        )
        for dim, extent in enumerate(shape):
            size = extent.single_name
            if size is not None and size not in parameters and size not in integers:
                parameters[size] = Parameter(size, ("extent", name, dim))
        own = Array(name, type_.dtype, shape, "argument", source.locate(node))
        arrays[name] = arrays.get(base, own)
    _check_sizes(source, nodes, arrays, set(parameters) | integers)
    taken = frozenset(source.function.__code__.co_names)
    lines = {node.arg: node.lineno for node in nodes}
    return Signature(arguments, tuple(parameters.values()), arrays, scalars, lines, taken)


def _type(types: Mapping[str, ArgumentType], name: str) -> ArgumentType:
    if name not in types:
        raise InternalError(f"no type is given for argument {name}")
    return types[name]


def _is_integer(type_: ArgumentType) -> bool:
    return isinstance(type_, ScalarType) and type_.dtype in (i32, i64)


def _check_sizes(
    source: FunctionSource, nodes: tuple[ast.arg, ...], arrays: Mapping[str, Array], known: set[str]
) -> None:
    for node in nodes:
        if node.arg not in arrays:
            continue
        for extent in arrays[node.arg].shape:
            unknown = sorted(extent.names() - known)
            if unknown:
                text = constructs.UNDETERMINED_SIZE(name=unknown[0], extent=str(extent))
                raise UnsupportedSyntaxError(text, source.locate(node.annotation or node))


def _extent_names(
    source: FunctionSource, ranks: Mapping[str, int], same: Mapping[str, str]
) -> Mapping[tuple[str, int], str]:
    """A parameter name per extent: the user's, from `n = A.shape[0]`, else `A_shape0`."""
    stores = [
        n.id
        for n in ast.walk(source.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    taken = {*stores, *ranks, *source.function.__code__.co_names, *_arguments(source)}
    names: dict[tuple[str, int], str] = {}
    for target, owner, dim in _named_extents(source.node.body):
        rank = ranks.get(owner, 0)
        key = (same.get(owner, owner), dim if dim >= 0 else rank + dim)
        plain = stores.count(target) == 1 and not target.startswith("_")
        if plain and target not in _arguments(source) and 0 <= key[1] < rank:
            names.setdefault(key, target)
    for array, rank in ranks.items():
        for dim in range(rank):
            name = f"{array}_shape{dim}"
            while name in taken:
                name += "_"
            names.setdefault((array, dim), name)
    return names


def _arguments(source: FunctionSource) -> set[str]:
    return {node.arg for node in argument_nodes(source)}


def _named_extents(body: list[ast.stmt]) -> Iterator[tuple[str, str, int]]:
    """`(name, array, dimension)` for every plain top-level naming of an extent."""
    for statement in body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target, value = statement.targets[0], statement.value
        pairs: list[tuple[ast.expr, ast.expr | tuple[str, int]]] = [(target, value)]
        if isinstance(target, ast.Tuple | ast.List):
            array = _shape_of(value)
            if array is not None:
                pairs = [(t, (array, dim)) for dim, t in enumerate(target.elts)]
            elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                pairs = list(zip(target.elts, value.elts, strict=True))
        for name, extent in pairs:
            found = extent if isinstance(extent, tuple) else _extent(extent)
            if isinstance(name, ast.Name) and found is not None:
                yield name.id, *found


def _shape_of(node: ast.expr) -> str | None:
    """The `A` of `A.shape`."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr == "shape"
        and isinstance(node.value, ast.Name)
    ):
        return node.value.id
    return None


def _extent(node: ast.expr) -> tuple[str, int] | None:
    """The array and dimension of `A.shape[0]` and `len(A)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        argument = node.args[0]
        return (
            (argument.id, 0) if node.func.id == "len" and isinstance(argument, ast.Name) else None
        )
    if isinstance(node, ast.Subscript):
        array, dim = _shape_of(node.value), _literal(node.slice)
        if array is not None and type(dim) is int:
            negative = isinstance(node.slice, ast.UnaryOp)
            return array, -dim if negative else dim
    return None
