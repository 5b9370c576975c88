"""`continue` and early `return` as branches, before a suite is read.

    for i in range(n):                        for i in range(n):
        if v[i] < 0:                              if v[i] < 0:
            continue                     →            pass
        w[i] = v[i]                               else:
                                                      w[i] = v[i]

What follows an `if` that may leave goes into its sides; where a side leaves in any case, it ends.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

Leaving = type[ast.Continue] | type[ast.Return]


def without(statements: Sequence[ast.stmt], kind: Leaving) -> list[ast.stmt]:
    """The suite of a loop (or function) without `continue` (or `return`) in its branches.

    Those elsewhere, inside a `with` or a loop, stay; a `return` of a value ends its suite.
    """
    found: list[ast.stmt] = []
    for place, statement in enumerate(statements):
        if isinstance(statement, kind):
            found += [] if _is_plain(statement) else [statement]
            break
        if isinstance(statement, ast.If) and _may_leave(statement, kind):
            rest = statements[place + 1 :]
            sides = (without([*side, *rest], kind) for side in (statement.body, statement.orelse))
            body, orelse = sides
            changed = ast.If(statement.test, body, orelse)
            found.append(ast.copy_location(changed, statement))
            break
        found.append(statement)
    return found


def _is_plain(statement: ast.stmt) -> bool:
    """Whether it leaves without a value."""
    return not isinstance(statement, ast.Return) or gives_nothing(statement)


def gives_nothing(node: ast.Return) -> bool:
    """`return` and `return None`."""
    value = node.value
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _may_leave(statement: ast.If, kind: Leaving) -> bool:
    """Whether a branch holds one, not counting those of loops inside."""
    return any(
        isinstance(inner, kind) or (isinstance(inner, ast.If) and _may_leave(inner, kind))
        for inner in (*statement.body, *statement.orelse)
    )
