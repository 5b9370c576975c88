"""polyopt: plain Python loops over NumPy arrays, reordered by proof and compiled.

`import polyopt as po`; `@po.kernel` is where to begin.
"""

from __future__ import annotations


from polyopt._version import __version__
from polyopt.errors import (
    AliasError,
    AssumptionError,
    BadArgumentError,
    BoundsError,
    BuildError,
    CallError,
    DtypeError,
    IllegalScheduleError,
    InternalError,
    NoSuchLoopError,
    NotAffineError,
    PolyoptError,
    ShapeError,
    TargetUnavailableError,
    UnsupportedSyntaxError,
    Violation,
)
from polyopt.language import assume, label
from polyopt.model.types import bool_, f32, f64, i32, i64
from polyopt.targets import C, OpenCL, OpenMP, Target

__all__ = [
    "AliasError",
    "AssumptionError",
    "BadArgumentError",
    "BoundsError",
    "BuildError",
    "C",
    "CallError",
    "DtypeError",
    "IllegalScheduleError",
    "InternalError",
    "NoSuchLoopError",
    "NotAffineError",
    "OpenCL",
    "OpenMP",
    "PolyoptError",
    "ShapeError",
    "Target",
    "TargetUnavailableError",
    "UnsupportedSyntaxError",
    "Violation",
    "__version__",
    "assume",
    "bool_",
    "f32",
    "f64",
    "i32",
    "i64",
    "label",
]
