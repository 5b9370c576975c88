"""Pictures for notebooks: instances, dependences, orders, tiles and what a step breaks.

Each function takes a `Schedule`, a specialisation or an annotated kernel, picks a small problem
size by itself and returns a `Picture`.
"""

from polyopt.explore.domains import dependences, domain, violations
from polyopt.explore.picture import Picture

__all__ = ["Picture", "dependences", "domain", "violations"]
