"""The explorer's view in a notebook: menus, sliders and panels of ipywidgets.

The view holds no state of its own but what is chosen in its menus: it asks the explorer for a
change, and draws what the explorer then is.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from polyopt.errors import PolyoptError
from polyopt.explore import panels
from polyopt.explore.forms import FORMS, Field, Form

if TYPE_CHECKING:
    from polyopt.explore.explorer import Explorer
    from polyopt.explore.state import Remedy, State

_NO_STEP = "choose a step"
_EVERY = "every statement"
_MOST_SIZE = 24
_WIDE = {"description_width": "initial"}


def _menu(name: str, options: tuple[str, ...], value: str, width: str = "200px") -> Any:  # noqa: ANN401
    return w.Dropdown(
        options=options, value=value, description=name, style=_WIDE, layout=_layout(width)
    )


def _slider(name: str, value: int, low: int, high: int) -> Any:  # noqa: ANN401
    return w.IntSlider(value, low, high, description=name, style=_WIDE, layout=_layout("230px"))


def _layout(width: str) -> Any:  # noqa: ANN401
    return w.Layout(width=width, margin="2px 14px 2px 0")


def _named(widget: Any, name: str) -> Any:  # noqa: ANN401
    """With a class of its own, for style sheets and tests."""
    widget.add_class(f"polyopt-{name}")
    return widget


class View:
    """The widgets of one explorer; `box` is the whole."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self._quiet = False
        self._drawn: tuple[object, State] = (None, explorer.state)
        self.step = _named(_menu("step", (_NO_STEP, *FORMS), _NO_STEP), "step")
        self.fields: tuple[Any, ...] = ()
        self.field_box = w.HBox(layout=w.Layout(flex_flow="row wrap"))
        self.buttons = {
            name: _named(w.Button(description=text, layout=_layout("auto")), name)
            for name, text in (
                ("take", "take the step"),
                ("undo", "undo"),
                ("reset", "start over"),
                ("measure", "measure"),
            )
        }
        self.kind = _named(_menu("picture", tuple(panels.PICTURES), "dependences", "230px"), "kind")
        statements = (_EVERY, *explorer.schedule.statements)
        self.statement = _named(_menu("of", statements, _EVERY, "170px"), "statement")
        self.sizes = self._size_sliders()
        self.panels = {
            name: _named(w.HTML(layout=w.Layout(margin="0")), name)
            for name in ("picture", "verdict", "script", "code", "time")
        }
        self.remedies = _named(w.VBox(), "remedies")
        self.box = _named(self._arranged(), "explorer")
        self._connect()
        self.draw()

    # -- making it -----------------------------------------------------------------------------

    def _size_sliders(self) -> dict[str, Any]:
        drawn = dict(panels.first_sizes(self.explorer.state))
        return {
            name: _named(_slider(name, value, 0, max(_MOST_SIZE, value)), f"size-{name}")
            for name, value in drawn.items()
        }

    def _arranged(self) -> Any:  # noqa: ANN401
        row = w.Layout(flex_flow="row wrap", align_items="center")
        top = w.HBox([self.step, self.field_box], layout=row)
        bar = w.HBox(list(self.buttons.values()), layout=row)
        drawn = w.HBox([self.kind, self.statement, *self.sizes.values()], layout=row)
        sides = w.Layout(flex_flow="row wrap", align_items="flex-start")
        half = {"flex": "1 1 420px", "min_width": "0", "margin": "0 16px 0 0"}
        left = w.VBox([drawn, self.panels["picture"]], layout=w.Layout(**half))
        judged = (self.panels["verdict"], self.remedies, self.panels["time"])
        right = w.VBox(list(judged), layout=w.Layout(**half))
        texts = [
            w.VBox([self.panels[name]], layout=w.Layout(**half)) for name in ("script", "code")
        ]
        return w.VBox([top, bar, w.HBox([left, right], layout=sides), w.HBox(texts, layout=sides)])

    def _connect(self) -> None:
        self.step.observe(lambda _: self._chosen(), "value")
        for menu in (self.kind, self.statement):
            menu.observe(lambda _: self._draw_picture(), "value")
        for slider in self.sizes.values():
            slider.observe(lambda _: self._resized(), "value")
        self.buttons["take"].on_click(lambda _: self._take())
        self.buttons["undo"].on_click(lambda _: self.explorer.undo())
        self.buttons["reset"].on_click(lambda _: self.explorer.reset())
        self.buttons["measure"].on_click(lambda _: self._measure())
        self.explorer.listeners.append(self.draw)

    # -- what the reader does ------------------------------------------------------------------

    def _chosen(self) -> None:
        """A step is chosen in the menu: show its fields, and look at it."""
        if self._quiet:
            return
        form = FORMS.get(self.step.value)
        self.fields = tuple(map(self._field, form.fields)) if form else ()
        self.field_box.children = self.fields
        for widget in self.fields:
            widget.observe(lambda _: self._look(), "value")
        self._look()

    def _field(self, field: Field) -> Any:  # noqa: ANN401
        first = field.first(self.explorer.schedule)
        if isinstance(first, int):
            made = _slider(field.name, first, field.low, field.high)
        else:
            made = _menu(field.name, field.options(self.explorer.schedule), first, "150px")
        return _named(made, f"field-{field.name.replace(' ', '-')}")

    def _form(self) -> Form | None:
        return FORMS.get(self.step.value)

    def _look(self) -> None:
        form = self._form()
        if form is None:
            self.explorer.look_at_none()
        else:
            self.explorer.look(form.build([f.value for f in self.fields]))

    def _take(self) -> None:
        trial = self.explorer.state.trial
        if trial is not None and trial.is_legal:
            self.explorer.take()

    def _resized(self) -> None:
        """Only the picture depends on sizes."""
        self._quiet = True
        self.explorer.at({name: slider.value for name, slider in self.sizes.items()})
        self._quiet = False
        self._draw_picture()

    def _measure(self) -> None:
        panel = self.panels["time"]
        panel.value = "<i>compiling and measuring …</i>"
        try:
            text = str(self.explorer.measure())
        except PolyoptError as error:
            text = str(error)
        panel.value = f"<b>{escape(text)}</b>"

    # -- drawing it ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Bring every panel to what the explorer is."""
        if self._quiet:
            return
        state = self.explorer.state
        if state.trial is None:
            self._no_step()
        self._draw_buttons()
        self._draw_picture()
        self.panels["verdict"].value = panels.titled("verdict", panels.verdict_html(state))
        remedies = state.trial.remedies if state.trial else ()
        self.remedies.children = tuple(self._remedy_rows(remedies))
        self.panels["script"].value = panels.titled("script", panels.script_html(state))
        code = panels.code_html(state, self.explorer.spec)
        self.panels["code"].value = panels.titled("code", code)
        self.panels["time"].value = ""

    def _no_step(self) -> None:
        self._quiet = True
        self.step.value = _NO_STEP
        self._quiet = False
        self.fields = ()
        self.field_box.children = ()

    def _draw_buttons(self) -> None:
        state = self.explorer.state
        self.buttons["take"].disabled = state.trial is None or not state.is_legal
        self.buttons["undo"].disabled = len(state.history) == 1
        self.buttons["reset"].disabled = len(state.history) == 1
        self.buttons["measure"].disabled = not (self.explorer.arguments and state.is_legal)

    def _draw_picture(self) -> None:
        statement = None if self.statement.value == _EVERY else self.statement.value
        state = self.explorer.state
        key = panels.picture_key(state, self.kind.value, statement)
        if key != self._drawn[0]:
            html = panels.picture_html(state, self.kind.value, statement)
            self.panels["picture"].value = html
            self._drawn = key, state  # the state is kept, so that what the key names lives on

    def _remedy_rows(self, remedies: tuple[Remedy, ...]) -> Iterator[Any]:
        if remedies:
            yield w.HTML("<b>legal instead, tried for you</b>")
        for number, remedy in enumerate(remedies):
            button = _named(w.Button(description="take", layout=_layout("64px")), "remedy")
            button.on_click(lambda _, number=number: self.explorer.take_remedy(number))
            text = w.HTML(f'<span style="{panels.MONO}">{escape(remedy.text)}</span>')
            yield w.HBox([button, text], layout=w.Layout(align_items="center"))
