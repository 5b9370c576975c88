"""Programs that a numerical programmer would write and that no one had in mind for polyopt."""

import algebra
import scalars
import signals
import stencils
import sweeps
from registry import PROGRAMS

__all__ = ["PROGRAMS", "algebra", "scalars", "signals", "stencils", "sweeps"]
