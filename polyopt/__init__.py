"""polyopt: plain Python loops over NumPy arrays, reordered by proof and compiled.

`import polyopt as po`; `@po.kernel` is where to begin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from polyopt._version import __version__
from polyopt.check import check
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
    RankError,
    ShapeError,
    TargetUnavailableError,
    UnsupportedSyntaxError,
    Violation,
)
from polyopt.frontend.markers import assume, injective, label, monotone, within
from polyopt.kernel import Kernel, Specialization, kernel
from polyopt.model.symbols import symbols
from polyopt.model.types import (
    bool_,
    c64,
    c128,
    f16,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
)
from polyopt.targets import C, OpenCL, OpenMP, Target

if TYPE_CHECKING:
    from polyopt.batch import compile_all
    from polyopt.explore import itself as explore
    from polyopt.explore.comparison import compare
    from polyopt.from_text import kernel_from_text
    from polyopt.model.types import bool_ as bool  # noqa: A004 the type's own name
    from polyopt.pipeline import auto_schedule as auto
    from polyopt.runtime.cache import cache_clear, cache_info
    from polyopt.transform.schedule import Schedule
    from polyopt.transform.script import Script

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
    "Kernel",
    "NoSuchLoopError",
    "NotAffineError",
    "OpenCL",
    "OpenMP",
    "PolyoptError",
    "RankError",
    "Schedule",
    "Script",
    "ShapeError",
    "Specialization",
    "Target",
    "TargetUnavailableError",
    "UnsupportedSyntaxError",
    "Violation",
    "__version__",
    "assume",
    "auto",
    "bool",
    "bool_",
    "c64",
    "c128",
    "cache_clear",
    "cache_info",
    "check",
    "compare",
    "compile_all",
    "explore",
    "f16",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "injective",
    "kernel",
    "kernel_from_text",
    "label",
    "monotone",
    "symbols",
    "u8",
    "u16",
    "u32",
    "u64",
    "within",
]

# Loaded when first used: isl, rich and file locks would double the time of `import polyopt`.
_LATER = {
    "Schedule": ("polyopt.transform.schedule", "Schedule"),
    "Script": ("polyopt.transform.script", "Script"),
    "auto": ("polyopt.pipeline", "auto_schedule"),
    "bool": ("polyopt.model.types", "bool_"),
    "cache_clear": ("polyopt.runtime.cache", "cache_clear"),
    "cache_info": ("polyopt.runtime.cache", "cache_info"),
    "compare": ("polyopt.explore.comparison", "compare"),
    "compile_all": ("polyopt.batch", "compile_all"),
    "explore": ("polyopt.explore", "itself"),
    "kernel_from_text": ("polyopt.from_text", "kernel_from_text"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
