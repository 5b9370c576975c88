"""The end of a loop whose flag is false, in C; `exits` says which loops have one."""

from __future__ import annotations

import cgen

from polyopt.emit.expr_c import expression
from polyopt.emit.loops import For
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level
from polyopt.model.expr import Load
from polyopt.model.types import bool_


def loop_exit(node: For, scope: Scope) -> list[cgen.Generable]:
    """The end of a loop whose flag is false, or all of them where each lane has one."""
    if not node.exit:
        return []
    place = scope.places.get(node.exit)
    if place is not None and place.rank:
        return _exit_of_lanes(node, scope)
    flag = expression(Load(node.exit, (), bool_), scope).at(Level.UNARY)
    return [cgen.If(cgen.Line(f"!{flag}"), cgen.Statement("break"))]


def _exit_of_lanes(node: For, scope: Scope) -> list[cgen.Generable]:
    place = scope.place(node.exit)
    some, lane = scope.names.fresh(f"{place.name}some"), scope.names.fresh("lane")
    (count,) = place.extents
    start, test, step = f"int64_t {lane} = 0", f"{lane} < {count}", f"{lane}++"
    each = cgen.Statement(f"{some} |= {place.name}[{lane}]")
    return [
        cgen.Statement(f"bool {some} = false"),
        cgen.For(cgen.Line(start), cgen.Line(test), cgen.Line(step), each),
        cgen.If(cgen.Line(f"!{some}"), cgen.Statement("break")),
    ]
