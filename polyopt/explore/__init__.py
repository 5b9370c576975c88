"""Pictures for notebooks, and the explorer: `po.explore(kernel)`.

Each function takes a `Schedule`, a specialisation or an annotated kernel, picks a small problem
size by itself and returns a `Picture`: instances, dependences, orders, tiles and what a step
breaks. The module can itself be called, and then opens the `Explorer`.
"""

import sys
from types import ModuleType
from typing import cast

from polyopt.explore.domains import dependences, domain, violations
from polyopt.explore.explorer import Explorer, explore
from polyopt.explore.orders import order
from polyopt.explore.picture import Picture
from polyopt.explore.tiling import tiles

__all__ = [
    "Explorer",
    "Picture",
    "dependences",
    "domain",
    "explore",
    "order",
    "tiles",
    "violations",
]


class _Module(ModuleType):
    """A module that is a function as well: `explorer.explore`."""

    __call__ = staticmethod(explore)


sys.modules[__name__].__class__ = _Module
itself = cast("_Module", sys.modules[__name__])
"""What `polyopt.explore` is."""
