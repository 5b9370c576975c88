"""Calls of other kernels, read in their place with their arrays.

    @po.kernel                               def f(n, v, w):
    def scale(x, a):                             a = 2.0
        for i in range(len(x)):                  for i in range(len(v)):
            x[i] *= a                    →           v[i] *= a
                                                 s = w[0]
    def f(n, v, w):
        scale(v, 2.0)
        s = first(w)

The names of the callee's own get fresh names where the caller has them; its arrays are the
caller's. What it captures is its own, and its options are not asked for: the caller's hold.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import FunctionType

from polyopt.errors import PolyoptError
from polyopt.frontend import messages
from polyopt.frontend.captured import KernelFunction, resolve
from polyopt.frontend.context import Context
from polyopt.frontend.dispatch import expander, read_statements
from polyopt.frontend.jumps import structured
from polyopt.frontend.leaving import without
from polyopt.frontend.promotion import WEAK_INT
from polyopt.frontend.returns import always, ends
from polyopt.frontend.signature import annotated_types
from polyopt.frontend.source import FunctionSource
from polyopt.frontend.walks import loop_variables, stored_names
from polyopt.model.affine import Affine, Compare
from polyopt.model.nest import Array, Assumption, Node
from polyopt.model.symbols import Symbol
from polyopt.model.types import ArrayType, ScalarType

MOST_CALLS = 16
"""Kernels within kernels."""

_WITH_VALUE = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return


@dataclass(frozen=True)
class InlinedSource(FunctionSource):
    """A callee's text. `originals` are the captured names that had to be renamed."""

    originals: Mapping[str, str] = field(default_factory=dict, compare=False)

    def captured(self, name: str) -> object:
        """The value of a captured name."""
        return super().captured(self.originals.get(name, name))


@expander
def expand_kernel_call(context: Context, node: ast.stmt) -> list[Node] | None:
    """A statement that is a call of a kernel, or has one alone as its value; else None."""
    if not isinstance(node, _WITH_VALUE) or not isinstance(node.value, ast.Call) or context.frames:
        return None
    callee = resolve(context, node.value.func)
    if not isinstance(callee, KernelFunction):
        return None
    nodes, results = _inlined(context, node.value, callee.function)
    if isinstance(node, ast.Expr):
        return nodes
    if results is None:
        text = messages.KERNEL_WITHOUT_VALUE(name=callee.function.__name__)
        raise context.unsupported(node.value, text)
    return [*nodes, *_used(context, node, results)]


# ---- the callee's text ---------------------------------------------------------------------


def _inlined(
    context: Context, call: ast.Call, function: FunctionType
) -> tuple[list[Node], ast.expr | None]:
    """The callee's statements, and an expression of the caller for what it returns."""
    name = function.__name__
    if function in context.inlined or len(context.inlined) >= MOST_CALLS:
        raise context.unsupported(call, messages.KERNEL_RECURSION(name=name))
    try:
        source = FunctionSource.of(function)
    except PolyoptError as error:
        raise context.unsupported(call, messages.HELPER_SOURCE(name=name)) from error
    given = _arguments(context, call, function)
    names, inner = _renamed(context, source, given)
    nodes = _pass(context, call, given, names, source)
    text = _Renaming(names).visit_all(source.node.body)
    with _inside(context, inner, function):
        text = structured(context, text, context.fresh)
        context.note(text)
        found, results = _read(context, without(text, ast.Return), call)
    return [*nodes, *found], results


@contextmanager
def _inside(context: Context, source: FunctionSource, function: FunctionType) -> Iterator[None]:
    outer, label = context.source, context.label
    context.source, context.label = source, None
    context.inlined.append(function)
    try:
        yield
    finally:
        context.inlined.pop()
        context.source, context.label = outer, label


def _arguments(context: Context, call: ast.Call, function: FunctionType) -> Mapping[str, ast.expr]:
    """The callee's parameters with the expressions of the call, defaults included."""
    name, signature = function.__name__, inspect.signature(function)
    open_list = any(
        p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature.parameters.values()
    )
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    if open_list or starred or any(k.arg is None for k in call.keywords):
        raise context.unsupported(call, messages.HELPER_ARGUMENTS(name=name))
    try:
        bound = signature.bind(*call.args, **{str(k.arg): k.value for k in call.keywords})
    except TypeError as error:
        raise context.unsupported(call, messages.HELPER_CALL(name=name, fact=error)) from error
    bound.apply_defaults()
    found: dict[str, ast.expr] = {}
    for parameter, value in bound.arguments.items():
        default = ast.copy_location(ast.Constant(value), call)
        found[parameter] = value if isinstance(value, ast.expr) else default
    return found


def _renamed(
    context: Context, source: FunctionSource, given: Mapping[str, ast.expr]
) -> tuple[dict[str, str], InlinedSource]:
    """Fresh names for the callee's own, and for those captured that mean another thing here."""
    own = {**dict.fromkeys(given, source.node.lineno), **stored_names(source.node.body)}
    loops = loop_variables(source.node.body)
    for name in _symbols(source):
        own.setdefault(name, source.node.lineno)
    names = {name: context.fresh(name) for name in own}
    for name, line in own.items():
        context.stored[names[name]] = line
        if name in loops:
            context.loop_lines[names[name]] = line
    used = {n.id for n in ast.walk(source.node) if isinstance(n, ast.Name)} - own.keys()
    here = context.stored.keys() | context.arrays.keys() | set(context.signature.names)
    names |= {name: context.fresh(name) for name in sorted(used & here)}
    originals = {names[name]: name for name in used & here}
    known = {f.name: getattr(source, f.name) for f in fields(source)}
    return names, InlinedSource(**known, originals=originals)


def _symbols(source: FunctionSource) -> dict[str, list[tuple[str, int]]]:
    """The size symbols of annotations, by the names that the text gives them, with their places."""
    declared = annotated_types(source) or {}
    places: dict[str, list[tuple[str, int]]] = {}
    for argument, type_ in declared.items():
        extents = type_.extents if isinstance(type_, ArrayType) else ()
        for dim, extent in enumerate(extents):
            name = extent.single_name if extent is not None else None
            if name is not None and name not in declared:
                places.setdefault(name, []).append((argument, dim))
    known: dict[str, list[tuple[str, int]]] = {}
    for node in ast.walk(source.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            try:
                value = source.captured(node.id)
            except LookupError:
                continue
            if isinstance(value, Symbol) and value.name in places:
                known[node.id] = places[value.name]
    return known


class _Renaming(ast.NodeTransformer):
    """Copies of statements with other names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_all(self, nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements, renamed."""
        return [self.visit(copy.deepcopy(node)) for node in nodes]

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """One name."""
        node.id = self.names.get(node.id, node.id)
        return node


# ---- arguments -----------------------------------------------------------------------------


def _pass(
    context: Context,
    call: ast.Call,
    given: Mapping[str, ast.expr],
    names: Mapping[str, str],
    source: FunctionSource,
) -> list[Node]:
    """Give the callee's names their values: arrays are the caller's own, numbers are copied."""
    declared = annotated_types(source) or {}
    arrays: dict[str, Array] = {}
    nodes: list[Node] = []
    for parameter, value in given.items():
        array = context.arrays.get(value.id) if isinstance(value, ast.Name) else None
        type_ = declared.get(parameter)
        if array is not None:
            _check_array(context, value, parameter, array, type_)
            arrays[parameter] = context.arrays[names[parameter]] = array
            continue
        if isinstance(type_, ArrayType):
            fact = f"an array is declared for {parameter}, and {context.text(value)} is none"
            raise context.unsupported(value, messages.KERNEL_ARGUMENT(fact=fact))
        nodes += _assign(context, names[parameter], value, call)
        _check_scalar(context, value, parameter, names[parameter], type_)
    for name, places in _symbols(source).items():
        extents = [arrays[argument].shape[dim] for argument, dim in places if argument in arrays]
        for other in extents[1:]:
            _agree(context, call, extents[0], other)
        context.bind(names[name], extents[0], WEAK_INT, call.lineno)
    return nodes


def _assign(context: Context, name: str, value: ast.expr, at: ast.AST) -> list[Node]:
    target = ast.copy_location(ast.Name(name, ast.Store()), at)
    return read_statements(context, [ast.copy_location(ast.Assign([target], value), at)])


def _check_array(
    context: Context, node: ast.expr, parameter: str, array: Array, declared: object
) -> None:
    if declared is None:
        return
    fact = f"{parameter} is declared {declared}, and {context.text(node)} is "
    if not isinstance(declared, ArrayType):
        raise context.unsupported(node, messages.KERNEL_ARGUMENT(fact=f"{fact}an array"))
    own = ArrayType(array.dtype, array.shape)
    if (array.dtype, len(array.shape)) != (declared.dtype, declared.rank):
        raise context.unsupported(node, messages.KERNEL_ARGUMENT(fact=f"{fact}{own}"))
    for extent, wanted in zip(array.shape, declared.extents, strict=True):
        if wanted is not None and wanted.is_constant:
            _agree(context, node, extent, wanted)
        elif wanted is not None and wanted.single_name is None:
            raise context.unsupported(node, messages.KERNEL_EXTENT(extent=str(wanted)))


def _check_scalar(
    context: Context, node: ast.expr, parameter: str, name: str, declared: object
) -> None:
    """A declared type would convert: only values that are of it already are taken."""
    if not isinstance(declared, ScalarType):
        return
    types = {side.type for side in context.seen.get(name, ())}
    if types and types != {declared}:
        shown = " or ".join(sorted(map(str, types)))
        fact = f"{parameter} is declared {declared}, and {context.text(node)} is {shown}"
        raise context.unsupported(node, messages.KERNEL_ARGUMENT(fact=fact))


def _agree(context: Context, node: ast.AST, one: Affine, other: Affine) -> None:
    """What a call would check: two extents are equal."""
    if one == other:
        return
    if (one - other).is_constant:
        fact = f"an extent is {one} where {other} is declared"
        raise context.unsupported(node, messages.KERNEL_ARGUMENT(fact=fact))
    condition, where = Compare("==", one, other), context.source.locate(node)
    context.assumptions.append(Assumption(condition, f"{one} == {other}", where))


# ---- what it returns -----------------------------------------------------------------------


def _read(
    context: Context, body: list[ast.stmt], call: ast.Call
) -> tuple[list[Node], ast.expr | None]:
    valued = list(ends(body))
    if not valued:
        return read_statements(context, body), None
    if not always(body):
        raise context.unsupported(valued[0], messages.KERNEL_SOMETIMES)
    counts = {len(v.elts) if isinstance(v, ast.Tuple) else -1 for v in map(_value, valued)}
    if len(counts) > 1:
        raise context.unsupported(valued[-1], messages.KERNEL_SOMETIMES)
    (count,) = counts
    names = [context.fresh("_returned") for _ in range(max(count, 1))]
    for name in names:
        context.stored[name] = call.lineno
        context.returned_names.add(name)
    nodes = read_statements(context, _with_assignments(body, names))
    results: list[ast.expr] = [
        ast.copy_location(ast.Name(name, ast.Load()), call) for name in names
    ]
    if count < 0:
        return nodes, results[0]
    return nodes, ast.copy_location(ast.Tuple(results, ast.Load()), call)


def _value(node: ast.Return) -> ast.expr:
    assert node.value is not None
    return node.value


def _with_assignments(body: list[ast.stmt], names: list[str]) -> list[ast.stmt]:
    """The suite with its last `return`s as assignments to names."""
    match body:
        case [*before, ast.Return(value=ast.expr() as value) as node]:
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            made = [
                ast.copy_location(
                    ast.Assign([ast.copy_location(ast.Name(n, ast.Store()), v)], v), node
                )
                for n, v in zip(names, values, strict=True)
            ]
            return [*before, *made]
        case [*before, ast.If(test=test, body=then, orelse=otherwise) as node]:
            sides = [_with_assignments(side, names) for side in (then, otherwise)]
            return [*before, ast.copy_location(ast.If(test, *sides), node)]
        case [*before, ast.With(items=items, body=inner) as node]:
            return [
                *before,
                ast.copy_location(ast.With(items, _with_assignments(inner, names)), node),
            ]
        case _:
            return body


def _used(context: Context, node: ast.stmt, results: ast.expr) -> list[Node]:
    """The caller's statement with what the callee returned."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        pairs = _pairs(node.targets[0], results)
        if pairs is not None:
            return [n for target, value in pairs for n in _set(context, node, target, value)]
    changed = copy.copy(node)
    changed.value = results  # type: ignore[attr-defined]  # one of those with a value
    if isinstance(changed, ast.Return) and id(node) in context.returns.places:
        context.returns.places.add(id(changed))
        context.returns.kept.append(changed)
    return read_statements(context, [changed])


def _pairs(target: ast.expr, results: ast.expr) -> list[tuple[ast.expr, ast.expr]] | None:
    if not isinstance(target, ast.Tuple | ast.List):
        return None if isinstance(results, ast.Tuple) else [(target, results)]
    if not isinstance(results, ast.Tuple) or len(target.elts) != len(results.elts):
        return None
    return list(zip(target.elts, results.elts, strict=True))


def _set(context: Context, at: ast.Assign, target: ast.expr, value: ast.expr) -> list[Node]:
    return read_statements(context, [ast.copy_location(ast.Assign([target], value), at)])


@expander
def expand_array_name(context: Context, node: ast.stmt) -> list[Node] | None:
    """`C = …` of an array that a kernel called here has returned: the array gets that name."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) as target], value=ast.Name(id=value)):
            array = context.arrays.get(value)
        case _:
            return None
    if array is None or not context.returned_names & {name, value}:
        return None
    bound = name in context.bindings and name not in context.ended
    if name in context.arrays or name in context.data or bound:
        raise context.unsupported(target, messages.KERNEL_ARRAY_NAME(name=name))
    context.arrays[name] = array
    return []
