"""The exceptions of polyopt, all in one place.

    PolyoptError
    ├── UnsupportedSyntaxError   (SyntaxError)   a construct outside the kernel language
    │   └── RankError            (and ShapeError) A[i, j] where A is of another rank
    ├── NotAffineError           (SyntaxError)   a bound or subscript that isl cannot represent
    ├── IllegalScheduleError                     a step that would break a dependence
    ├── NoSuchLoopError          (LookupError)   a loop or statement name that does not resolve
    ├── BadArgumentError         (ValueError)    a step's or option's argument that makes no sense
    ├── CallError                (TypeError)     missing, unknown or surplus arguments of a call
    ├── ShapeError               (ValueError)    RankError is one of these too
    ├── DtypeError               (TypeError)
    ├── BoundsError              (IndexError)
    ├── AliasError               (ValueError)
    ├── AssumptionError          (ValueError)
    ├── BuildError                               the C compiler refused or is missing
    ├── TargetUnavailableError                   no such device or toolchain here
    └── InternalError                            a bug in polyopt, never the user's fault

A message states the rule, the fact and the fix. The two syntax errors carry file, line and
column in the attributes of `SyntaxError`, so that Python itself draws the caret. All of them
pickle, with everything they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyopt.source import Location


class PolyoptError(Exception):
    """Base of every exception that polyopt raises on purpose."""

    def __init_subclass__(cls) -> None:
        # Tracebacks then say `polyopt.BoundsError`, the name by which it is caught.
        if cls.__module__ == __name__:
            cls.__module__ = "polyopt"

    def __reduce__(self) -> tuple[object, ...]:
        # Not by `cls(*args)`: the constructors' arguments are not all in `args`.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[PolyoptError], args: tuple[object, ...], state: dict[str, object]
) -> PolyoptError:
    error = kind.__new__(kind, *args)
    if isinstance(error, SyntaxError):
        SyntaxError.__init__(error, *args)
    error.__dict__.update(state)
    return error


class _LocatedError(PolyoptError, SyntaxError):
    """A `SyntaxError` at a place in the user's source."""

    def __init__(self, message: str, location: Location) -> None:
        details = (
            location.file,
            location.line,
            location.column + 1,
            location.text,
            location.end_line,
            location.end_column + 1,
        )
        SyntaxError.__init__(self, message, details)
        self.location = location


class UnsupportedSyntaxError(_LocatedError):
    """A construct that the kernel language does not have; says what to write instead."""


class NotAffineError(_LocatedError):
    """A loop bound, condition or subscript that is not quasi-affine."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One dependence that a schedule breaks, with the smallest case found.

    `source_instance` and `sink_instance` hold iterator values in the order of the statements'
    iterators; `parameters` the parameter values of the case; `distance` maps iterator names
    common to both statements to sink minus source.
    """

    kind: str
    source: str
    sink: str
    array: str
    element: tuple[int, ...]
    source_instance: tuple[tuple[str, int], ...]
    sink_instance: tuple[tuple[str, int], ...]
    parameters: tuple[tuple[str, int], ...]
    source_location: Location
    sink_location: Location

    @property
    def distance(self) -> dict[str, int]:
        """Sink minus source, per iterator name that both instances have."""
        sink = dict(self.sink_instance)
        return {n: sink[n] - v for n, v in self.source_instance if n in sink}


class IllegalScheduleError(PolyoptError):
    """A step that would reorder a dependence. `violations` holds the witnesses.

    `refused` is the Schedule that the step would have made, or None: to be looked at, by
    `po.explore` for one. No call runs it. `remedies` are scripts that end in the step, or its
    parts, and were found to be legal.
    """

    def __init__(
        self,
        message: str,
        violations: Sequence[Violation] = (),
        refused: object = None,
        remedies: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.violations = tuple(violations)
        self.refused = refused
        self.remedies = tuple(remedies)


class NoSuchLoopError(PolyoptError, LookupError):
    """A loop or statement name that does not resolve; lists those that do."""


class BadArgumentError(PolyoptError, ValueError):
    """An argument of a step or an option that makes no sense."""


class CallError(PolyoptError, TypeError):
    """A call with missing, unknown or surplus arguments."""


class ShapeError(PolyoptError, ValueError):
    """An array argument of the wrong rank or with extents that contradict each other."""


class DtypeError(PolyoptError, TypeError):
    """An argument of a type the kernel does not take."""


class BoundsError(PolyoptError, IndexError):
    """An access that would leave its array."""


class RankError(UnsupportedSyntaxError, ShapeError):
    """An array read with more or fewer subscripts than the call's array has dimensions."""


class AliasError(PolyoptError, ValueError):
    """Arguments that overlap in memory where the kernel's meaning would depend on it."""


class AssumptionError(PolyoptError, ValueError):
    """An assumption of the kernel that does not hold for these arguments."""


class BuildError(PolyoptError):
    """The compiler failed; holds the command, the kept source's path and its words."""

    def __init__(self, message: str, command: str = "", source_path: str = "") -> None:
        super().__init__(message)
        self.command = command
        self.source_path = source_path


class TargetUnavailableError(PolyoptError):
    """A target whose device or toolchain is not here; lists what was found."""


class InternalError(PolyoptError):
    """A bug in polyopt: an invariant between stages does not hold."""

    def __init__(self, fact: str, stage: str = "") -> None:
        text = f"\n\n{stage}" if stage else ""
        super().__init__(f"a bug in polyopt, please report it: {fact}{text}")
