"""The explorer: its state as values, its panels as text, its widget without a browser."""

import numpy as np
import pytest
from kernels_shown import matmul, original, smooth, time_steps

import polyopt as po
from polyopt.explore import explorer, panels
from polyopt.explore.forms import FORMS, NONE
from polyopt.explore.state import State, attempt
from polyopt.explore.widget import View
from polyopt.transform.schedule import Schedule
from polyopt.transform.script import Script, Step, steps_of

INTERCHANGE = Step("interchange", ("i", "j"))
WAY = 's.skew("j", by="i", factor=1).interchange("i", "j")'
SKEWED = 's = spec.original\ns = s.skew("j", by="i", factor=1)\ns = s.interchange("i", "j")'


def start(function=smooth):
    return State((original(function),))


def opened(function=smooth, *args):
    return po.explore(po.kernel(cache=False)(function), *args)


# ---- the state -------------------------------------------------------------------------------


def test_a_refused_step_is_looked_at_and_not_taken():
    state = start().look(INTERCHANGE)
    assert not state.is_legal
    assert state.shown.loops == ("j", "i")
    assert state.schedule.loops == state.legal.loops == ("i", "j")
    with pytest.raises(po.IllegalScheduleError) as caught:
        state.take()
    assert caught.value is state.trial.error
    assert state.trial.error.remedies == (WAY,)


def test_a_remedy_takes_its_steps_in_place_of_the_refused_one():
    state = start().look(INTERCHANGE).remedied(0)
    assert state.trial is None
    assert state.schedule.script == SKEWED
    assert state.undone().schedule.script == "s = spec.original"


def test_marks_are_offered_on_the_loops_that_may_have_them():
    trial = attempt(original(smooth), Step("parallel", ("i",)))
    assert 's.parallel("j")' in [r.text for r in trial.remedies]
    assert all(r.script(original(smooth)).verdict.is_legal for r in trial.remedies)


def test_no_remedy_by_that_number():
    with pytest.raises(po.BadArgumentError) as caught:
        start().look(INTERCHANGE).remedied(1)
    assert str(caught.value) == "no remedy 1 is here: there is 1, counted from 0"


def test_a_step_that_does_not_apply_shows_the_schedule_before_it():
    state = start().look(Step("parallel", ("k",)))
    assert state.trial.made is None
    assert state.shown is state.schedule
    assert str(state.trial.error) == 'no loop is called "k". Loops here: "i", "j".'
    assert state.trial.remedies == ()


def test_taking_undoing_starting_over():
    taken = start().look(Step("skew", ("j",), (("by", "i"),))).take()
    more = taken.look(Step("tile", ((("i", 4), ("j", 4)),))).take()
    assert more.schedule.loops == ("i_tile", "j_tile", "i", "j")
    assert more.undone() == taken
    assert more.reset() == start()
    assert start().undone() == start()
    with pytest.raises(po.BadArgumentError) as caught:
        start().take()
    assert str(caught.value) == "there is no step to take: look at one first"


def test_sizes_are_those_of_the_kernel():
    assert start().at_sizes({"N": 9}).sizes == (("N", 9),)
    with pytest.raises(po.BadArgumentError) as caught:
        start().at_sizes({"M": 9})
    assert str(caught.value) == "M is no size of the kernel. Its sizes are: N"


@pytest.mark.parametrize("size", ["x", 2.5, True, 10**30, -(2**63)])
def test_what_is_no_size_leaves_the_state_as_it_is(size):
    explorer = opened()
    with pytest.raises(po.BadArgumentError, match="the size N is"):
        explorer.at({"N": size})
    assert explorer.picture.svg


# ---- the menus -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_every_form_says_a_step_that_a_script_may_hold(name):
    schedule = original(time_steps)
    form = FORMS[name]
    step = form.build([field.first(schedule) for field in form.fields])
    assert step.name in steps_of(Schedule)
    assert Script.parse(f"s = spec.original.{step}").steps == (step,)
    assert attempt(schedule, step) is not None


def test_tiles_of_the_loops_that_are_chosen():
    chosen = FORMS["tile"].build(["i", 8, NONE, 4, "k", 2])
    assert str(chosen) == 'tile({"i": 8, "k": 2})'


# ---- the panels ------------------------------------------------------------------------------


def test_the_picture_of_a_refused_step_has_the_witness_in_red():
    picture = panels.picture(start().look(INTERCHANGE), "dependences")
    witness = next(iter(picture.named("witness")))
    assert witness.name == "witness flow A: S1[1, 1] -> S1[2, 0]"
    assert witness.arrow
    assert witness.colour == "#D55E00"


@pytest.mark.parametrize("kind", panels.PICTURES)
@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_every_picture_at_every_size(kind, size):
    html = panels.picture_html(start().at_sizes({"N": size}), kind)
    assert "<img" in html or "No picture: " in html


def test_verdicts_say_legal_or_not_and_why():
    assert "✓ legal: source order" in panels.verdict_html(start())
    refused = panels.verdict_html(start().look(INTERCHANGE))
    assert "✗ illegal: interchange(&quot;i&quot;, &quot;j&quot;)" in refused
    assert "S1[i=1, j=1]  writes  A[1, 1]" in refused
    absent = panels.verdict_html(start().look(Step("parallel", ("k",))))
    assert "✗ does not apply" in absent


def test_code_and_script_follow_the_step_looked_at():
    spec = po.kernel(cache=False)(smooth).specialize()
    state = start().look(Step("parallel", ("j",)))
    assert "omp" in panels.code(state, spec)
    assert "# looked at: s = s.parallel" in panels.script_html(state)
    refused = panels.code_html(start().look(INTERCHANGE), spec)
    assert "this is the code before it" in refused


# ---- the explorer ----------------------------------------------------------------------------


def test_the_result_is_a_schedule_that_runs():
    found = opened().take('skew("j", by="i")').take('interchange("i", "j")')
    assert found.script == SKEWED
    kernel = po.kernel(cache=False)(smooth)
    A = np.random.default_rng(1).random((7, 7))
    assert po.check(kernel, A, schedule=found.schedule)


def test_what_is_looked_at_is_text_or_a_step():
    found = opened().look('s.interchange("i", "j")')
    assert found.verdict.startswith('interchange("i", "j") would read')
    assert found.remedies == (WAY,)
    assert found.take_remedy().verdict == "legal"
    with pytest.raises(po.BadArgumentError) as caught:
        found.look('parallel("i").parallel("j")')
    assert str(caught.value).startswith("look at one step at a time, and these are 2")
    with pytest.raises(po.BadArgumentError) as caught:
        found.look(3)
    assert str(caught.value) == 'a step is text such as tile({"i": 8}), and this is 3.'


def test_explore_takes_kernels():
    with pytest.raises(po.BadArgumentError) as caught:
        po.explore(smooth)
    assert str(caught.value).startswith("explore takes a kernel or a specialisation")


class Steps:
    def __init__(self):
        self.factor = 2.0

    @po.kernel(cache=False)
    def step(self, A: po.f64[po.symbols("N")]):
        for i in range(1, len(A)):
            A[i] = A[i - 1] * self.factor


def test_kernels_of_objects_are_explored_as_specialisations():
    bound = Steps().step
    with pytest.raises(po.BadArgumentError) as caught:
        po.explore(bound)
    assert str(caught.value) == (
        "explore takes a kernel or a specialisation, and Steps.step is bound to an object: "
        "give its specialisation, .step.specialize(*args)"
    )
    assert po.explore(bound.specialize(np.ones(4))).verdict == "legal"


def test_it_begins_where_it_is_told():
    spec = po.kernel(cache=False)(smooth).specialize()
    begun = po.explore(spec, schedule=spec.original.skew("j", by="i"))
    assert begun.reset().script == 's = spec.original\ns = s.skew("j", by="i", factor=1)'


def test_measuring_needs_data_and_leaves_it_as_it_is():
    with pytest.raises(po.BadArgumentError) as caught:
        opened().measure()
    assert str(caught.value).startswith("measuring needs data")
    A = np.random.default_rng(1).random((9, 9))
    before = A.copy()
    timing = opened(smooth, A).take('skew("j", by="i")').measure()
    assert timing.chosen > 0
    assert "the source order takes" in str(timing)
    assert np.array_equal(A, before)


def test_the_bundle_has_the_widget_and_a_page_without_it(monkeypatch):
    bundle = opened().look(INTERCHANGE)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    page = bundle["text/html"]
    assert "data:image/svg+xml;base64," in page
    assert "<script" not in page
    assert "<style" not in page
    assert len(page) < 100_000
    monkeypatch.setattr(explorer, "find_spec", lambda _: None)
    assert sorted(opened()._repr_mimebundle_()) == ["text/html", "text/plain"]
    with pytest.raises(po.BadArgumentError) as caught:
        _ = opened().widget
    assert str(caught.value).startswith("the widget needs ipywidgets")


# ---- the widget, driven from Python ----------------------------------------------------------


def view(function=smooth):
    return View(opened(function))


def choose(shown, step, **fields):
    shown.step.value = step
    for widget in shown.fields:
        if widget.description in fields:
            widget.value = fields[widget.description]


def test_choosing_a_refused_step_disables_taking_it():
    shown = view()
    choose(shown, "interchange")
    assert "✗ illegal" in shown.panels["verdict"].value
    assert shown.buttons["take"].disabled
    shown._take()
    assert shown.explorer.script == "s = spec.original"
    button = shown.remedies.children[1].children[0]
    button.click()
    assert shown.explorer.script == SKEWED
    assert shown.remedies.children == ()


def test_a_slider_changes_what_is_looked_at():
    shown = view(matmul)
    choose(shown, "tile")
    before = shown.panels["script"].value
    code = shown.panels["code"].value
    choose_size = next(f for f in shown.fields if f.description == "size 1")
    choose_size.value = 16
    assert shown.panels["script"].value != before
    assert shown.panels["code"].value != code
    assert not shown.buttons["take"].disabled
    shown.buttons["take"].click()
    assert shown.explorer.schedule.loops[0] == "i_tile"
    assert shown.step.value == "choose a step"
    shown.buttons["undo"].click()
    assert shown.explorer.schedule.loops == ("i", "j", "k")


def test_a_size_slider_changes_the_picture_alone():
    shown = view()
    picture, code = shown.panels["picture"].value, shown.panels["code"].value
    (slider,) = shown.sizes.values()
    slider.value += 2
    assert shown.panels["picture"].value != picture
    assert shown.panels["code"].value == code


@pytest.mark.parametrize("name", FORMS)
def test_every_step_may_be_chosen(name):
    shown = view(matmul)
    choose(shown, name)
    assert f": {name}(" in shown.panels["verdict"].value


def test_no_step_chosen_any_more():
    shown = view()
    choose(shown, "interchange")
    shown.step.value = "choose a step"
    assert "✓ legal: source order" in shown.panels["verdict"].value
    assert shown.fields == ()


def test_without_data_nothing_is_measured():
    shown = view()
    assert shown.buttons["measure"].disabled
    shown._measure()
    assert "measuring needs data" in shown.panels["time"].value
