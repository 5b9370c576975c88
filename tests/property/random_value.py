"""Random data expressions and updates, as source text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random_body import Body, Place


class Values:
    """Draws right-hand sides for a body."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.rng = body.rng

    @property
    def _is_float(self) -> bool:
        return self.body.kind == "float"

    def draw(self, place: Place, must: str | None = None) -> str:
        """A value; one that `must` occur is a scalar's name."""
        first = must or self.element(place)
        text = self._combined(first, place)
        inner = place.loops[-1][0]
        if inner not in text and self.rng.random() < 0.7:  # else its iterations all do the same
            text = f"({text}) + {inner}"
        if self.rng.random() < 0.12 and not self.body.mixed:
            text = self._conditional(text, place)
        if self._is_float and self.body.exact and self.rng.random() < 0.85:
            return f"({text}) % 97.0"
        return text

    def update(self, target: str, place: Place) -> list[str]:
        """A statement that updates its target: a reduction, more often than not."""
        draw = self.rng.random()
        operand = self._operand(place)
        if draw < 0.4:
            return [f"{target} += {operand}"]
        if draw < 0.5:
            return [f"{target} = {target} - {operand}"]
        if draw < 0.6:
            factor = self.rng.choice(("2.0", "-1.0") if self._is_float else ("3", "-1"))
            return [f"{target} *= {factor if self._is_float and self.body.exact else operand}"]
        if draw < 0.69 and not self.body.mixed:
            return [f"{target} = {self.rng.choice(('min', 'max'))}({target}, {operand})"]
        if draw < 0.76:
            return [f"if {operand} < {target}:", f"    {target} = {operand}"]
        if draw < 0.86 and not self._is_float:
            return [f"{target} {self.rng.choice(('&=', '|=', '^='))} {operand}"]
        text = self._combined(target, place)
        value = self._binary(text, self.other(text, place))
        if self._is_float and self.body.exact:
            return [f"{target} = ({value}) % 89.0"]
        return [f"{target} = {value}"]

    def scalar_start(self, place: Place) -> str:
        """What an accumulator begins with."""
        if self._is_float:
            if "f32" in self.body.dtypes.values() and self.rng.random() < 0.5:
                return self.element(place)  # else its type may hang on whether the loop runs
            return self.rng.choice(("0.0", "1.0", self.atom(place)))
        return self.rng.choice(("0", "1", self.atom(place)))

    # ---- pieces ------------------------------------------------------------------------------

    def atom(self, place: Place) -> str:
        """An element, a scalar, a loop variable or a literal."""
        draw = self.rng.random()
        if place.scalars and draw < 0.15:
            return self.rng.choice(place.scalars)
        if draw < 0.2:
            return self.rng.choice(place.loops)[0]
        if draw < 0.28:
            return (
                self.rng.choice(("1.0", "2.0", "0.5", "3.0")[: 4 if not self.body.exact else 2])
                if (self._is_float)
                else str(self.rng.randint(1, 5))
            )
        if self._is_float and draw < 0.32:
            return "alpha"
        return self.element(place)

    def element(self, place: Place) -> str:
        """An element of an array, one that the kernel writes more often than not."""
        names = [n for n in self.body.ranks if self._is_float or n != "K"]
        written = [n for n in names if n in self.body.written]
        name = self.rng.choice(written if written and self.rng.random() < 0.6 else names)
        return self.body.element(name, place)

    def _operand(self, place: Place) -> str:
        if self.rng.random() < 0.5:
            return self.atom(place)
        a = self.element(place)
        b = self.other(a, place)
        operator = self.rng.choice(("+", "-", "*"))
        wrapped = f"({a} {operator} {b})"
        if self._is_float and self.body.exact:
            return f"{wrapped} % 31.0"
        return wrapped

    def _combined(self, first: str, place: Place) -> str:
        text = first
        for _ in range(self.rng.choice((0, 1, 1, 1, 2))):
            text = self._binary(text, self.other(text, place))
        return text

    def other(self, text: str, place: Place) -> str:
        """An operand that is not in the text already, where one is found soon."""
        found = self.atom(place)
        for _ in range(3):
            if found not in text:
                break
            found = self.element(place)
        return found

    def _binary(self, a: str, b: str) -> str:
        operators = ["+", "+", "-", "*", "abs"]
        if not self.body.mixed:  # Python's min and max give one of their operands, of its own type
            operators += ["min", "max"][: self.rng.randint(0, 2)]
        if not self._is_float:
            operators += ["//", "%", "&", "^"]
        elif not self.body.exact:
            operators += ["/", "sqrt"]
        operator = self.rng.choice(operators)
        if operator in ("min", "max"):
            return f"{operator}({a}, {b})"
        if operator == "abs":
            return f"abs({a} - {b})"
        if operator == "sqrt":
            return f"{a} + math.sqrt(abs({b}))"
        if operator in ("//", "%"):
            return f"({a}) {operator} (abs({b}) + 1)"
        if operator == "/":
            return f"({a}) / (abs({b}) + 1.5)"
        return f"({a}) * {b}" if operator == "*" else f"({a}) {operator} ({b})"

    def _conditional(self, text: str, place: Place) -> str:
        a = self.element(place)
        b = self.other(a, place)
        return f"({text}) if {a} {self.rng.choice(('<', '>='))} {b} else {self.element(place)}"
