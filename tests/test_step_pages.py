"""The pages of steps are true: their steps give these loops, their refusals have these words."""

import re

import pytest
from doc_pages import PAGES, arguments, blocks, holds, kernels, outcome, schedule
from run_schedule import same_as_python

from polyopt.transform.schedule import Schedule
from polyopt.transform.script import steps_of

BLOCKS = [block for page in PAGES for block in blocks(page)]
SHOWN = [block for block in BLOCKS if block.kind != "kernel"]
TAKEN = [block for block in BLOCKS if block.kind == "step"]
SECTIONS = [
    section
    for page in PAGES[1:]
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
]


def test_every_fenced_block_is_known():
    fences = [
        re.findall(r"^```python", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for page in PAGES
    ]
    assert len(BLOCKS) == sum(map(len, fences))


def test_every_step_has_a_section():
    """One each, under its name; the page of all steps lists it."""
    assert sorted(s.splitlines()[0] for s in SECTIONS) == sorted(steps_of(Schedule))
    index = PAGES[0].read_text(encoding="utf-8")
    assert all(f"`{name}`" in index for name in steps_of(Schedule))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_a_section_has_all_its_parts(section):
    name = section.splitlines()[0]
    assert section.splitlines()[2].startswith(f"`s.{name}(")
    for part in ("\n```\n", "```python step", "*Legal* ", "```python refused", "```text"):
        assert part in section, f"{name}: no {part}"


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_a_block_gives_what_stands_after_it(block, tmp_path):
    text = outcome(block, tmp_path)
    assert block.kind != "refused" or not text.startswith("accepted")
    assert holds(block, text), text


@pytest.mark.parametrize("block", TAKEN, ids=str)
def test_a_step_leaves_the_result_as_it_is(block):
    function, made = kernels(block.page)[block.words[0]].py_func, schedule(block)
    for size in (1, 2, 3, 5, 9):
        same_as_python(made, function, *arguments(function, size))
