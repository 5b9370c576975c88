"""What the host's part of an OpenCL program is decided by: work, buffers, arguments."""

from __future__ import annotations

from collections.abc import Sequence

from polyopt.emit.effects import effects
from polyopt.emit.launches import Buffer, Work
from polyopt.emit.loops import For, If, Loops, Node, Promote
from polyopt.emit.opencl_shape import has_items, is_shared_copy
from polyopt.emit.program import CArgument
from polyopt.model.scop import Scop


def has_parallel(node: Node) -> bool:
    """Whether loops inside are worth launches of their own: not those that share a block."""
    match node:
        case For(parallel=True):
            return True
        case For(vector=True):
            return False
        case For(body=body):
            return any(map(has_parallel, body))
        case If(_, then, otherwise):
            return any(map(has_parallel, (*then, *otherwise)))
        case Promote(body=body):
            around = is_shared_copy(node) or node.layout is not None
            return has_items(node) or (around and any(map(has_parallel, body)))
        case _:
            return False


def largest_work(node: Node) -> Work:
    """The work of the largest parallel loop inside, at the middle of the loops between."""
    match node:
        case For(parallel=True):
            return Work(node.work, node.work_scale)
        case For(body=body):
            middle = (node.lower + node.upper).floordiv(2)
            found = _largest([largest_work(n) for n in body])
            factors = tuple(f.substitute({node.variable: middle}) for f in found.factors)
            return Work(factors, found.scale)
        case If(_, then, otherwise):
            return _largest([largest_work(n) for n in (*then, *otherwise)])
        case Promote(body=body):
            return _largest([largest_work(n) for n in body])
        case _:
            return Work((), 0)


def _largest(works: Sequence[Work]) -> Work:
    return max(works, key=lambda w: (len(w.factors), w.scale), default=Work((), 0))


def array_buffers(
    scop: Scop, loops: Loops, used: frozenset[str], wanted: frozenset[str]
) -> tuple[Buffer, ...]:
    """The buffers of the arrays that some kernel uses."""
    reached = effects(loops.body, scop)
    return tuple(
        Buffer(
            a.name,
            a.dtype,
            a.shape,
            a.kind,
            a.name in reached.reads,
            a.name in reached.writes,
            a.name in wanted,
        )
        for a in scop.arrays
        if a.name in used
    )


def program_arguments(scop: Scop) -> tuple[CArgument, ...]:
    """What a call passes, as the C printer has it: parameters, scalars, arrays."""
    arrays = {a.name: a for a in scop.arrays}
    found = [CArgument("parameter", name, "int64_t") for name in scop.parameter_names]
    own = [a for a in scop.arguments if a.same_as is None]
    found += [
        CArgument("scalar", a.name, a.type.dtype.passed)
        for a in own
        if a.name not in arrays and a.name not in scop.parameter_names
    ]
    found += [
        CArgument("array", a.name, f"{arrays[a.name].dtype.ctype} *")
        for a in own
        if a.name in arrays
    ]
    return tuple(found)
