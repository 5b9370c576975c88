"""Pictures for notebooks: instances, dependences, orders, tiles and what a step breaks.

Each function takes a `Schedule`, a specialisation or an annotated kernel, picks a small problem
size by itself and returns a `Picture`.
"""

from polyopt.explore.domains import dependences, domain, violations
from polyopt.explore.orders import order
from polyopt.explore.picture import Picture
from polyopt.explore.tiling import tiles

__all__ = ["Picture", "dependences", "domain", "order", "tiles", "violations"]
