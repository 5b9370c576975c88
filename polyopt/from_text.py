"""Kernels of source text that stands in no file: from a prompt, a template, or another program."""

from __future__ import annotations

import ast
import hashlib
import linecache
import sys
import weakref
from collections.abc import Mapping
from typing import cast

import numpy as np

from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel, kernel


def kernel_from_text(
    text: str,
    name: str | None = None,
    scope: Mapping[str, object] | None = None,
    **options: object,
) -> Kernel:
    """Make a kernel of a function's text, as `po.kernel` does of a function in a file.

        scale = po.kernel_from_text("def scale(n, x): ...", fp="strict")

    Args:
        text: Python with the function, and what it needs at the top: imports, numbers. `np` and
            `po` are there without import.
        name: Which function, where the text has several.
        scope: Names that the text may use besides.
        **options: Those of `po.kernel`; they go before those of a decorator in the text.

    The text is run. Raises SyntaxError as Python does, BadArgumentError for what is no text, where
    it has no such function, or several and no name says which, and where it uses a name that is
    nowhere, and as `po.kernel` does.
    """
    if not isinstance(text, str) or "\0" in text:
        what = "text with a NUL character" if isinstance(text, str) else type(text).__name__
        raise BadArgumentError(f"a kernel's text is a str of Python, and this is {what}")
    # Where Python's own tools, tracebacks among them, look for the text of a file.
    file = f"<kernel {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    tree = ast.parse(text, file)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    chosen = _chosen(names, name)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    own = {"__name__": "__main__", "np": np, "po": sys.modules["polyopt"]}
    namespace: dict[str, object] = {**own, **(scope or {})}
    try:
        exec(compile(tree, file, "exec"), namespace)
    except NameError as error:
        raise BadArgumentError(
            f"the kernel's text does not run: {error}. Import or define it at the top of the text, "
            "or give it in scope={...}"
        ) from error
    made = namespace[chosen]
    if isinstance(made, Kernel):
        result = made.with_options(**options)
    else:
        result = kernel(**options)(cast("type", made))
    _keep_text(result.py_func, file)
    return result


_users: dict[str, weakref.WeakSet[object]] = {}
"""The living functions of each text."""


def _keep_text(function: object, file: str) -> None:
    """Have Python's tools find the text for as long as a function of it lives."""
    _users.setdefault(file, weakref.WeakSet()).add(function)
    weakref.finalize(function, _forget_text, file).atexit = False


def _forget_text(file: str) -> None:
    if not list(_users.get(file, ())):  # its length counts the one that is dying
        _users.pop(file, None)
        linecache.cache.pop(file, None)


def _chosen(names: list[str], name: str | None) -> str:
    if name is None and len(names) == 1:
        return names[0]
    listed = ", ".join(names) or "none"
    if name is None:
        raise BadArgumentError(
            f"the text has one function for a kernel, or name= says which of them: it has {listed}"
        )
    if name not in names:
        raise BadArgumentError(f"the text has no function {name}: it has {listed}")
    return name
