"""Pictures for notebooks, and the explorer: `po.explore(kernel)`.

Each function takes a `Schedule`, a specialisation or an annotated kernel, picks a small problem
size by itself and returns a `Picture`: instances, dependences, orders, tiles, memory
and what a step breaks. The module can itself be called, and then opens the `Explorer`.
"""

import sys
from types import ModuleType
from typing import cast

from polyopt.explore.comparison import Comparison, compare
from polyopt.explore.domains import dependences, domain, violations
from polyopt.explore.explorer import Explorer, explore
from polyopt.explore.memory_picture import memory
from polyopt.explore.orders import order
from polyopt.explore.picture import Picture
from polyopt.explore.roofline_picture import limits, roofline
from polyopt.explore.tiling import tiles
from polyopt.explore.tree_picture import tree

__all__ = [
    "Comparison",
    "Explorer",
    "Picture",
    "compare",
    "dependences",
    "domain",
    "explore",
    "limits",
    "memory",
    "order",
    "roofline",
    "tiles",
    "tree",
    "violations",
]


class _Module(ModuleType):
    """A module that is a function as well: `explorer.explore`."""

    __call__ = staticmethod(explore)


sys.modules[__name__].__class__ = _Module
itself = cast("_Module", sys.modules[__name__])
"""What `polyopt.explore` is."""
