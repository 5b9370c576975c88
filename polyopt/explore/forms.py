"""Which steps the explorer's menus offer, and the fields that each of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyopt.transform.schedule import Schedule
from polyopt.transform.script import Step

Value = str | int
Kind = Literal["loop", "maybe", "statement", "array", "number", "choice"]
NONE = "none"
"""A loop that is not chosen."""


@dataclass(frozen=True)
class Field:
    """A menu or a slider. `start`: which loop is chosen at first, or the number at first."""

    name: str
    kind: Kind
    start: int = 0
    low: int = 0
    high: int = 0
    keyword: str = ""
    choices: tuple[str, ...] = ()

    def options(self, schedule: Schedule) -> tuple[str, ...]:
        """What a menu offers."""
        match self.kind:
            case "loop":
                return schedule.loops
            case "maybe":
                return (NONE, *schedule.loops)
            case "statement":
                return schedule.statements
            case "array":
                return tuple(a.name for a in schedule.scop.arrays)
            case _:
                return self.choices

    def first(self, schedule: Schedule) -> Value:
        """What is chosen at first."""
        if self.kind == "number":
            return self.start
        names = self.options(schedule)
        return names[min(self.start, len(names) - 1)] if names else ""


@dataclass(frozen=True)
class Form:
    """A step and its fields, in the order of its arguments. `kind` "tile": fields are loops and
    sizes in turn."""

    step: str
    fields: tuple[Field, ...]
    kind: Literal["call", "tile"] = "call"

    def build(self, values: Sequence[Value]) -> Step:
        """The step that the fields say."""
        if self.kind == "tile":
            pairs = list(zip(values[::2], values[1::2], strict=True))
            sizes = tuple({str(n): v for n, v in pairs if n != NONE}.items())
            return Step(self.step, (sizes,))
        given = list(zip(self.fields, values, strict=True))
        arguments = tuple(v for f, v in given if not f.keyword and v != NONE)
        keywords = tuple((f.keyword, v) for f, v in given if f.keyword and v != NONE)
        return Step(self.step, arguments, keywords)


def _loop(name: str = "loop", start: int = 0, keyword: str = "") -> Field:
    return Field(name, "loop", start, keyword=keyword)


def _number(name: str, start: int, low: int, high: int, keyword: str = "") -> Field:
    return Field(name, "number", start, low, high, keyword)


_TILES = (
    _loop("loop 1"), _number("size 1", 4, 1, 64),
    Field("loop 2", "maybe", 2), _number("size 2", 4, 1, 64),
    Field("loop 3", "maybe"), _number("size 3", 4, 1, 64),
)  # fmt: skip
_ARRAY = Field("array", "array")
_FACTOR = _number("factor", 1, -3, 3, "factor")
_ENDS = tuple(_number(name, 1, 0, 8, name) for name in ("front", "back"))
_SPLIT = _number("at", 1, 0, 64)

FORMS: Mapping[str, Form] = {
    form.step: form
    for form in (
        Form("interchange", (_loop("loop"), _loop("with", 1))),
        Form("tile", _TILES, "tile"),
        Form("skew", (_loop(start=1), _loop("by", keyword="by"), _FACTOR)),
        Form("parallel", (_loop(),)),
        Form("vectorize", (_loop(start=99), _number("width", 8, 2, 16, "width"))),
        Form("reverse", (_loop(),)),
        Form("shift", (Field("statement", "statement", 99), _loop(), _number("amount", 1, -4, 4))),
        Form("fuse", (_loop("first"), _loop("second", 1))),
        Form("distribute", (_loop(), Field("before", "statement", 1, keyword="before"))),
        Form("strip_mine", (_loop(), _number("size", 4, 1, 64))),
        Form("wavefront", (_loop("outer"), _loop("inner", 1))),
        Form("diamond", (_loop("time"), _loop("space", 1), _number("size", 4, 2, 64, "size"))),
        Form("pipeline", (_loop(), _loop("along", 1))),
        Form("split", (_loop(), _SPLIT)),
        Form("peel", (_loop(), *_ENDS)),
        Form("separate", (_loop("loop 1"), Field("loop 2", "maybe"))),
        Form("unroll", (_loop(start=99), _number("factor", 4, 2, 16, "factor"))),
        Form("unroll_and_jam", (_loop(), _number("factor", 4, 2, 16))),
        Form("reduce", (_loop(start=99), _number("partials", 8, 2, 64, "partials"))),
        Form("scan", (_loop(start=99),)),
        Form("privatize", (_ARRAY,)),
        Form("rename", (_ARRAY,)),
        Form("expand", (_ARRAY,)),
        Form("contract", (_ARRAY,)),
        Form("promote", (_ARRAY, _loop("at", 1, "at"))),
        Form("pack", (_ARRAY, _loop("at", 1, "at"))),
    )
}  # fmt: skip
"""By the step's name, those first that are taken most."""
