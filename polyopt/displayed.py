"""What notebooks draw. The drawing itself is in `polyopt.explore`, loaded when it is first asked
for: a program without a notebook never imports it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from typing import Self, cast

_DRAWING = "polyopt.explore.display"


class Displayed:
    """A value that IPython shows as HTML, and as its text where there is none."""

    __slots__ = ()

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,  # noqa: ARG002 as IPython calls it
        exclude: Collection[str] | None = None,  # noqa: ARG002
    ) -> dict[str, str]:
        """The value by media type."""
        bundle = import_module(_DRAWING).bundle
        return cast("Callable[[object], dict[str, str]]", bundle)(self)


class SourceText(str, Displayed):
    """Emitted code: a plain string, which notebooks highlight. `model` is what it was made of."""

    __slots__ = ("model",)
    model: object

    def __new__(cls, text: str, model: object) -> Self:
        """The text with the model behind it."""
        made = super().__new__(cls, text)
        made.model = model
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return str, (str(self),)


class ExplainedText(str, Displayed):
    """An explanation as a plain string, which notebooks draw as the table it is."""

    __slots__ = ("explanation",)
    explanation: object

    def __new__(cls, text: str, explanation: object) -> Self:
        """The text with the explanation that it writes down."""
        made = super().__new__(cls, text)
        made.explanation = explanation
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return str, (str(self),)
