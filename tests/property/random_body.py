"""The body of a random kernel: loops, conditions, statements."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from random_affine import (
    ZERO,
    Linear,
    Term,
    chosen,
    constant,
    each,
    greater,
    lesser,
    linear,
    plus,
    size_of,
)
from random_value import Values

VARIABLES = "ijkl"


@dataclass(frozen=True)
class Place:
    """Where a statement is drawn: the loops around it and the scalars that have a value there."""

    loops: tuple[tuple[str, Term], ...] = ()
    scalars: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        return len(self.loops)


@dataclass
class Body:
    """Draws lines of source; `extents` grows with every subscript."""

    rng: random.Random
    kind: str
    exact: bool
    dtypes: dict[str, str]
    ranks: dict[str, int]
    extents: dict[str, list[Linear]] = field(default_factory=dict)
    statements: int = 0
    written: set[str] = field(default_factory=set)
    named: int = 0
    odd: int = 0
    mixed: bool = False

    def __post_init__(self) -> None:
        self.extents = {n: [ZERO] * r for n, r in self.ranks.items()}
        self.pads = {
            n: [self.rng.choice((0, 1, 1, 2)) for _ in range(r)] for n, r in self.ranks.items()
        }
        self.values = Values(self)
        self.odd = self.rng.choice((0, 0, 1, 1, 2, 3))
        self.targets = [n for n in self.ranks if n != "K"]

    # ---- structure ---------------------------------------------------------------------------

    def draw(self) -> list[str]:
        """The lines of the whole body."""
        lines: list[str] = []
        shared = self._header(Place())
        for _ in range(self.rng.choice((1, 1, 2, 2, 3))):
            header = shared if self.rng.random() < 0.6 else None
            lines += self._loop(Place(), self.rng.choice((1, 2, 2, 2, 3, 3, 4)), header)
            if self.statements > 5:
                break
        return lines

    def _loop(self, place: Place, depth: int, header: tuple[str, Term] | None = None) -> list[str]:
        """A loop with `depth` loops from here down."""
        range_, variable = header or self._header(place)
        name = VARIABLES[place.depth]
        inside = Place((*place.loops, (name, replace(variable, base=name))), place.scalars)
        return [f"for {name} in {range_}:", *_indent(self._block(inside, depth - 1))]

    def _block(self, place: Place, depth: int) -> list[str]:
        if depth and self.rng.random() < 0.2:
            return self._accumulation(place)
        lines: list[str] = []
        if depth and self.rng.random() < 0.3:
            more, place = self._simple(place)
            lines += more
        if depth:
            lines += self._loop(place, depth)
            if self.rng.random() < 0.2 and self.statements < 5:
                lines += self._loop(place, depth)
            if self.rng.random() < 0.25:
                lines += self._simple(place)[0]
            return lines
        for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3))):
            more, place = self._statement(place)
            lines += more
        return lines

    def _accumulation(self, place: Place) -> list[str]:
        """`s = …; for k: s += …; A[i] = s`."""
        name = self._fresh()
        self.statements += 2
        start = self.values.scalar_start(place)
        inside, place_ = self._loop_head(place)
        update = self.values.update(name, inside)
        use = replace(place, scalars=(*place.scalars, name))
        target = self.target(place)
        value = self.values.draw(use, must=name)
        return [
            f"{name} = {start}",
            place_,
            *_indent(update),
            f"{target} = {value}",
        ]

    def _loop_head(self, place: Place) -> tuple[Place, str]:
        range_, variable = self._header(place)
        name = VARIABLES[place.depth]
        inside = Place((*place.loops, (name, replace(variable, base=name))), place.scalars)
        return inside, f"for {name} in {range_}:"

    # ---- statements --------------------------------------------------------------------------

    def _statement(self, place: Place) -> tuple[list[str], Place]:
        """Lines at the innermost level, and the place after them."""
        draw = self.rng.random()
        if draw < 0.12:
            return self._affine_if(place), place
        if draw < 0.24:
            return self._data_if(place), place
        return self._simple(place)

    def _simple(self, place: Place) -> tuple[list[str], Place]:
        self.statements += 1
        draw = self.rng.random()
        if draw < 0.18:
            name = self._fresh()
            value = self.values.draw(place)
            used = replace(place, scalars=(*place.scalars, name))
            target = self.target(place)
            return [f"{name} = {value}", f"{target} = {self.values.draw(used, must=name)}"], used
        target = self.target(place)
        if draw < 0.5:
            return self.values.update(target, place), place
        return [f"{target} = {self.values.draw(place)}"], place

    def _affine_if(self, place: Place) -> list[str]:
        lines = [f"if {self._condition(place)}:", *_indent(self._simple(place)[0])]
        if self.rng.random() < 0.4:
            lines += ["else:", *_indent(self._simple(place)[0])]
        return lines

    def _data_if(self, place: Place) -> list[str]:
        relation = self.rng.choice(("<", "<=", ">", ">=", "<", ">", "!="))
        left = self.values.element(place)
        right = self.values.other(left, place)
        lines = [f"if {left} {relation} {right}:", *_indent(self._simple(place)[0])]
        if self.rng.random() < 0.4:
            lines += ["else:", *_indent(self._simple(place)[0])]
        return lines

    def _condition(self, place: Place) -> str:
        a = self._variable(place).text
        b = self.rng.choice([t.text for _, t in place.loops if t.text != a] or ["1"])
        simple = (
            f"{a} < {self.rng.choice((b, 'N', 'M'))} - {self.rng.randint(0, 2)}",
            f"{a} == {self.rng.choice((b, 'N // 2', '2'))}",
            f"{a} % {self.rng.randint(2, 3)} == {self.rng.randint(0, 1)}",
            f"{a} + {b} > {self.rng.choice(('N', 'M', '3'))}",
            f"{a} != {self.rng.choice((b, '1'))}",
            f"{self.rng.choice('NM')} > {self.rng.randint(1, 3)}",
        )
        first = self.rng.choice(simple)
        if self.rng.random() < 0.25:
            return f"{first} {self.rng.choice(('and', 'or'))} {self.rng.choice(simple)}"
        return first

    def _odd(self) -> bool:
        """Whether one more form that isl finds hard may be drawn: few of them in one program."""
        self.odd -= 1
        return self.odd >= 0

    # ---- bounds ------------------------------------------------------------------------------

    def _header(self, place: Place) -> tuple[str, Term]:
        """`range(…)` and the interval of its variable."""
        lower, upper = self._bounds(place)
        step = self.rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 3, -1, -1, -1, -2))
        if abs(step) > 1 and not self._odd():
            step = 1
        low, high = lower.low, plus(upper.high, (0, 0, -1))
        variable = Term("", low, high)
        if step == 1:
            return (
                f"range({lower.text}, {upper.text})"
                if lower.text != "0"
                else f"range({upper.text})"
            ), variable
        if step > 0:
            return f"range({lower.text}, {upper.text}, {step})", variable
        first, last = upper.shifted((0, 0, -1)), lower.shifted((0, 0, -1))
        return f"range({first.text}, {last.text}, {step})", variable

    def _bounds(self, place: Place) -> tuple[Term, Term]:
        rng = self.rng
        size = rng.choice(((1, 0, 0), (1, 0, 0), (0, 1, 0)))
        lower = constant(rng.choice((0, 0, 1, 1, 2)))
        upper = linear(plus(size, (0, 0, rng.choice((0, 0, 0, -1, -2, 1)))))
        draw = rng.random()
        if place.loops and draw < 0.3:
            outer = self._variable(place)
            shift = (0, 0, rng.choice((0, 0, 1, 2)))
            if rng.random() < 0.5:
                return outer.shifted(shift), upper
            return lower, outer.shifted(shift)
        if place.loops and draw < 0.42:
            outer = self._variable(place)
            low = greater(outer.shifted((0, 0, -rng.randint(1, 2))), lower)
            return low, lesser(upper, outer.shifted((0, 0, rng.randint(2, 3))))
        if draw < 0.5 and self._odd():
            return self._divided(place, lower, upper)
        if draw < 0.55:
            return constant(0), constant(rng.randint(2, 5))
        return lower, upper

    def _divided(self, place: Place, lower: Term, upper: Term) -> tuple[Term, Term]:
        rng = self.rng
        base = self._variable(place) if place.loops and rng.random() < 0.5 else linear((1, 0, 0))
        cut = base.floordiv(2) if rng.random() < 0.7 else base.mod(3)
        return (cut, upper) if rng.random() < 0.5 else (lower, cut.shifted((0, 0, 1)))

    # ---- subscripts --------------------------------------------------------------------------

    def _variable(self, place: Place) -> Term:
        return self.rng.choice(place.loops)[1]

    def target(self, place: Place) -> str:
        """An element to write."""
        name = self.rng.choice(self.targets)
        self.written.add(name)
        return self.element(name, place)

    def element(self, name: str, place: Place) -> str:
        """An element whose subscripts stay in the array, which grows where it must."""
        rank = self.ranks[name]
        order = list(range(place.depth))
        if self.rng.random() < 0.2:
            self.rng.shuffle(order)
        elif place.depth > rank and self.rng.random() < 0.3:
            order = order[place.depth - rank :]
        subscripts = []
        for dim in range(rank):
            base = place.loops[order[dim]][1] if dim < len(order) else None
            term = self._subscript(base, place, self.pads[name][dim]).at_least_zero()
            grown = plus(term.high, (0, 0, 1))
            self.extents[name][dim] = each(max, self.extents[name][dim], grown)
            subscripts.append(term.text)
        return f"{name}[{', '.join(subscripts)}]"

    def _subscript(self, base: Term | None, place: Place, pad: int) -> Term:
        rng = self.rng
        if base is None:
            return constant(rng.randint(0, 2))
        draw = rng.random()
        if draw < 0.06 and self._odd():
            return base.times(2)
        if 0.06 < draw < 0.1 and self._odd():
            return base + self._variable(place)
        if 0.1 < draw < 0.14 and self._odd():
            return base - self._variable(place)
        if 0.14 < draw < 0.17:
            return linear(rng.choice(((1, 0, 0), (0, 1, 0)))) - base
        if 0.17 < draw < 0.2 and self._odd():
            return base.floordiv(2)
        if 0.2 < draw < 0.22 and self._odd():
            return base.mod(rng.randint(2, 3))
        if 0.22 < draw < 0.25:
            return constant(rng.randint(0, 2))
        moved = base.shifted((0, 0, pad + rng.choice((0, 0, 0, -1, -1, 1))))
        return self._bent(moved, place) if 0.25 < draw < 0.3 else moved

    def _bent(self, moved: Term, place: Place) -> Term:
        """A subscript that is not the same affine everywhere: clamped, chosen or folded over."""
        rng, other = self.rng, self._variable(place)
        match rng.randrange(5):
            case 0:
                return lesser(moved, linear(rng.choice(((1, 0, 0), (0, 1, 0), (0, 0, 4)))))
            case 1:
                return greater(moved.shifted((0, 0, -2)), constant(rng.randint(0, 2)))
            case 2:
                return size_of(moved - other)
            case _:
                relation = rng.choice(("<", ">=", "==", "!="))
                limit = rng.choice((other, constant(rng.randint(0, 4)), linear((1, 0, -1))))
                condition = f"{self._variable(place).text} {relation} {limit.text}"
                return chosen(moved, condition, moved.shifted((0, 0, rng.choice((-2, 1)))))

    def _fresh(self) -> str:
        self.named += 1
        return f"t{self.named}"


def _indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
