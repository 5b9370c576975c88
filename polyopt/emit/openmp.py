"""Loops for OpenMP: which run on threads, in what pieces, and the clauses of their pragmas.

Results never depend on the number of threads: pieces are cut by the problem's size alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod

from polyopt.emit.affine_c import affine
from polyopt.emit.loops import For, Node, below, children
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, Extreme, extreme
from polyopt.model.types import DType

_CHUNK = 2048
_NESTED_CHUNK = 64
_DATA_CHUNK = 256
_HEAVY = 4
"""Loops inside one another from which on an iteration is a tile: of tiles there are few, the last
one is a part, and a thread that is done takes the next (0.1 microseconds; a tile takes thousands).
"""
_ARITHMETIC = {"add": "+", "mul": "*", "min": "min", "max": "max"}
_BITS = {"and": "&", "or": "|", "xor": "^"}
_LOGIC = {"and": "&&", "or": "||", "xor": "^"}


def in_chunks(node: For) -> For:
    """A parallel loop whose iterations are too little for a function call each, in chunks.

    for i in range(lo, hi)    →    for i_from in range(lo, hi, 2048):
                                       for i in range(i_from, min(hi, i_from + 2048))

    A vector loop always is cut so: its vectors need consecutive iterations. Loops around other
    loops are left as they are, but for those over data, which are short as a rule, and for one that
    ends once data say so, which may be.
    """
    inner = next(_loops(node.body), None)
    over_data = _over_data(node.body)
    alone = inner is not None and bool(inner.exit) and _depth(node.body) == 1
    if inner is not None and not node.vector and not over_data and not alone:
        return node
    span = (_DATA_CHUNK if over_data else _chunk(node.body)) * node.step
    start = f"{node.variable}_from"
    end = extreme("min", [node.upper, Affine.name(start) + span])
    piece = replace(node, lower=Affine.name(start), upper=end, parallel=False, work=(), unroll=0)
    return replace(node, variable=start, step=span, body=(piece,), vector=False, unroll=0)


def _chunk(body: tuple[Node, ...]) -> int:
    """The iterations of one chunk: fewer the more loops inside do, as far as they are counted."""
    loops = list(_loops(body))
    if any(loop.unroll >= 0 for loop in loops):
        return _NESTED_CHUNK
    work = prod(max(trip_bound(loop) or _CHUNK, 1) for loop in loops)
    return max(_NESTED_CHUNK, _CHUNK // work // _NESTED_CHUNK * _NESTED_CHUNK)


def parallel_pragma(node: For) -> str:
    """`omp parallel for`, its iterations shared as they come where they differ in length, or are
    few and long."""
    return f"omp parallel for {_shares(node)}"


def shared_pragma(node: For) -> str:
    """`omp for` in a region, where the threads may not have to wait for each other behind it."""
    return f"omp for {_shares(node)}{' nowait' if node.nowait else ''}"


def _shares(node: For) -> str:
    uneven = _uneven(node) or _ends_early(node.body) or _over_data(node.body)
    uneven = uneven or _depth(node.body) >= _HEAVY
    return f"schedule({'dynamic' if uneven else 'static'})"


def work_test(node: For, scope: Scope, threshold: float) -> str:
    """The condition under which a loop has enough work to be worth waking the threads."""
    if not node.work:
        return ""
    scale = [] if node.work_scale == 1 else [str(node.work_scale)]
    factors = [affine(w, scope).at(Level.UNARY) for w in node.work]
    return f"(double){' * '.join([*factors, *scale])} > {threshold:g}"


def has_parallel(nodes: Iterable[Node]) -> bool:
    """Whether a loop in some nodes runs on threads."""
    return any(loop.parallel for loop in _loops(nodes))


def _loops(nodes: Iterable[Node]) -> Iterator[For]:
    """Every loop in some nodes."""
    return (node for node in below(nodes) if isinstance(node, For))


def _over_data(nodes: Iterable[Node]) -> bool:
    """Whether the range of a loop in some nodes is read from data: it may be of any length."""
    return any(loop.lower.is_data or loop.upper.is_data for loop in _loops(nodes))


def _ends_early(nodes: Iterable[Node]) -> bool:
    """Whether a loop in some nodes ends once data say so."""
    return any(loop.exit for loop in _loops(nodes))


def _depth(nodes: Iterable[Node]) -> int:
    """How many loops are inside one another."""
    depths = (isinstance(node, For) + _depth(children(node)) for node in nodes)
    return max(depths, default=0)


def _uneven(node: For) -> bool:
    """Whether the length of a loop inside follows this one's variable, as in a triangle."""
    return any(_follows(spans(inner), node.variable) for inner in _loops(node.body))


def _follows(lengths: list[Affine], variable: str) -> bool:
    bounded = any(length.is_constant for length in lengths)
    return not bounded and any(variable in length.names() for length in lengths)


def spans(node: For) -> list[Affine]:
    """Affines of which the least is the difference of a loop's bounds."""
    uppers, lowers = operands(node.upper, "min"), operands(node.lower, "max")
    return [upper - lower for upper in uppers for lower in lowers]


def operands(bound: Affine, kind: str) -> list[Affine]:
    """The operands of a minimum or maximum that a bound is; else the bound alone."""
    if len(bound.terms) == 1:
        atom, factor = bound.terms[0]
        if isinstance(atom, Extreme) and atom.kind == kind and factor == 1:
            return [operand + bound.constant for operand in atom.operands]
    return [bound]


def trip_bound(node: For) -> int | None:
    """The most iterations that a loop can have, where that is known."""
    known = [length.constant for length in spans(node) if length.is_constant]
    return max(-(-min(known) // node.step), 0) if known else None


# ---- reductions ------------------------------------------------------------------------------


def reduction_clause(operator: str, name: str, dtype: DType, scope: Scope) -> str:
    """The clause of a vector loop that accumulates into `name`.

    OpenMP's own `min` and `max` lose or keep a nan as the compiler pleases: floats get a declared
    reduction that is Python's min and max. There the first value stays where it is a nan, and
    nans that come later never count, in whatever order.
    """
    if operator in ("min", "max") and dtype.is_float:
        scope.used.reductions.add(f"{operator}_{dtype}")
        return f"reduction({scope.helper(f'{operator}_{dtype}')}:{name})"
    table = _ARITHMETIC | (_LOGIC if dtype.kind == "b" else _BITS)
    return f"reduction({table[operator]}:{name})"


def declared_reductions(names: Iterable[str]) -> tuple[str, ...]:
    """The declarations of the reductions that the program makes itself."""
    lines = []
    for name in sorted(names):
        operator, dtype = name.split("_")
        ctype, infinity = {"f64": ("double", "HUGE_VAL"), "f32": ("float", "HUGE_VALF")}[dtype]
        start = infinity if operator == "min" else f"-{infinity}"
        lines.append(
            f"#pragma omp declare reduction({name} : {ctype} : "
            f"omp_out = {name}(omp_out, omp_in)) initializer(omp_priv = {start})"
        )
    return tuple(lines)
