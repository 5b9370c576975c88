"""How a kernel is called, and what each call converts and checks, laid out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from polyopt.emit.binding import is_real
from polyopt.emit.program import CArgument, stride
from polyopt.errors import DtypeError
from polyopt.model.affine import Affine
from polyopt.model.arguments import Argument, Parameter, Result
from polyopt.model.types import ArrayType, ScalarType
from polyopt.runtime.arguments import shown

if TYPE_CHECKING:
    from polyopt.emit.program import Program


@dataclass(frozen=True, slots=True)
class Interface:
    """How a kernel is called. `written` names the arrays that it writes.

    `heavy`: it may run for long however small its arguments are. `result`: what it returns.
    `checked`: the arrays that a call reads first, to check what is indexed by their elements.
    """

    name: str
    arguments: tuple[Argument, ...]
    parameters: tuple[Parameter, ...]
    written: frozenset[str]
    heavy: bool = False
    result: Result | None = None
    checked: frozenset[str] = frozenset()

    @property
    def positions(self) -> dict[str, int]:
        """Each argument's position in a call."""
        return {argument.name: i for i, argument in enumerate(self.arguments)}


# Plans are named tuples, which a fresh process makes in a third of the time of dataclasses.


class ArrayPlan(NamedTuple):
    """An array argument that C gets a pointer to.

    `unit`: None for an array in C's order; else its strides are arguments too, and this is the
    dimension whose stride is 1, or -1.
    """

    position: int
    name: str
    written: bool
    unit: int | None = None


class ExtentPlan(NamedTuple):
    """An extent that a call must have: `array.shape[dim] == extent`."""

    position: int
    dim: int
    name: str
    extent: Affine
    declared: str


class Range(NamedTuple):
    """The integers of a type."""

    bits: int
    signed: bool

    @property
    def least(self) -> int:
        """The least one."""
        return -1 << (self.bits - 1) if self.signed else 0

    @property
    def most(self) -> int:
        """The greatest one."""
        return (1 << (self.bits - self.signed)) - 1

    def refusal(self, where: str, value: int) -> DtypeError:
        """The error for a value that is none of them."""
        if self.signed:
            bounds = f"-2**{self.bits - 1} to 2**{self.bits - 1} - 1"
            return DtypeError(
                f"{where} is {shown(value)}, beyond {self.bits} bits: integers hold {bounds}"
            )
        bounds = f"0 to 2**{self.bits} - 1"
        return DtypeError(f"{where} is {shown(value)}, and u{self.bits} holds {bounds}")


WHOLE = Range(64, signed=True)


class IntPlan(NamedTuple):
    """An integer argument that is a parameter."""

    position: int
    parameter: str
    argument: str
    range: Range


class ScalarPlan(NamedTuple):
    """A scalar argument that C gets by value; of a complex one, its `part` "real" or "imag"."""

    position: int
    argument: CArgument
    part: str = ""

    def number(self, value: Any) -> float:  # noqa: ANN401 of a type that this argument takes
        """The number that ctypes gets of a call's value; raises OverflowError."""
        if self.part:
            whole = complex(value)
            return whole.real if self.part == "real" else whole.imag
        return float(value) if is_real(self.argument) else int(value)

    @property
    def range(self) -> Range:
        """The integers that it holds."""
        return _range(self.argument.ctype)


class Plan(NamedTuple):
    """What a call converts and checks. `numbers` are the parameters that C gets, in its order.

    `strides`, which C gets next, are positions and dimensions. `pairs` must not share memory, a
    written array first. `shapes` are the parameters that are extents: name, position, dimension.
    """

    numbers: tuple[str, ...]
    strides: tuple[tuple[int, int], ...]
    scalars: tuple[ScalarPlan, ...]
    arrays: tuple[ArrayPlan, ...]
    pairs: tuple[tuple[ArrayPlan, ArrayPlan], ...]
    ints: tuple[IntPlan, ...]
    shapes: tuple[tuple[str, int, int], ...]
    extents: tuple[ExtentPlan, ...]

    @staticmethod
    def of(interface: Interface, program: Program, takes_overlap: bool) -> Plan:
        """The plan of a program."""
        positions = interface.positions
        arrays = _array_plans(interface, program)
        ints, shapes = _parameter_plans(interface)
        return Plan(
            tuple(a.name for a in program.arguments if a.kind == "parameter"),
            _stride_plans(interface, program),
            tuple(_scalar_plan(positions, a) for a in program.arguments if a.kind == "scalar"),
            arrays,
            _pairs(arrays, interface.checked if takes_overlap else None),
            ints,
            shapes,
            _extent_plans(interface),
        )


# ---- how they are made --------------------------------------------------------------------


def _array_plans(interface: Interface, program: Program) -> tuple[ArrayPlan, ...]:
    positions = interface.positions
    names = [a.name for a in program.arguments if a.kind == "array"]
    units = dict(program.layouts)
    return tuple(ArrayPlan(positions[n], n, n in interface.written, units.get(n)) for n in names)


def _scalar_plan(positions: dict[str, int], argument: CArgument) -> ScalarPlan:
    name, _, part = argument.name.partition(" ")
    return ScalarPlan(positions[name], argument, part)


def _stride_plans(interface: Interface, program: Program) -> tuple[tuple[int, int], ...]:
    places = {
        stride(argument.name, dim): (position, dim)
        for position, argument in enumerate(interface.arguments)
        if isinstance(argument.type, ArrayType)
        for dim in range(argument.type.rank)
    }
    return tuple(places[a.name] for a in program.arguments if a.kind == "stride")


def _range(ctype: str) -> Range:
    """The integers of a C type."""
    if ctype == "bool":
        return Range(1, signed=False)
    digits = "".join(filter(str.isdigit, ctype))
    return Range(int(digits), not ctype.startswith("u")) if digits else WHOLE


def _pairs(
    plans: Sequence[ArrayPlan], apart: frozenset[str] | None
) -> tuple[tuple[ArrayPlan, ArrayPlan], ...]:
    """The pairs that must not share memory, a written array first; those alone that have one of
    the arrays `apart` where these are given."""
    return tuple(
        (one, other)
        for i, one in enumerate(plans)
        for j, other in enumerate(plans)
        if one.written and i != j and (i < j or not other.written)
        if apart is None or {one.name, other.name} & apart
    )


def _parameter_plans(
    interface: Interface,
) -> tuple[tuple[IntPlan, ...], tuple[tuple[str, int, int], ...]]:
    """Where the parameters come from: integer arguments, and extents (name, position, dim)."""
    positions = interface.positions
    ints: list[IntPlan] = []
    shapes: list[tuple[str, int, int]] = []
    for parameter in interface.parameters:
        kind, name, dim = parameter.origin
        if kind == "extent":
            shapes.append((parameter.name, positions[name], dim))
            continue
        type_ = interface.arguments[positions[name]].type
        range_ = _range(type_.dtype.ctype) if isinstance(type_, ScalarType) else WHOLE
        ints.append(IntPlan(positions[name], parameter.name, name, range_))
    return tuple(ints), tuple(shapes)


def _extent_plans(interface: Interface) -> tuple[ExtentPlan, ...]:
    """Every declared extent but those that define a parameter."""
    defining = {p.origin for p in interface.parameters}
    return tuple(
        ExtentPlan(position, dim, argument.name, extent, str(argument.type))
        for position, argument in enumerate(interface.arguments)
        if isinstance(argument.type, ArrayType)
        for dim, extent in enumerate(argument.type.extents)
        if extent is not None and ("extent", argument.name, dim) not in defining
    )
