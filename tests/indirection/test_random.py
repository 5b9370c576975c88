"""Kernels over index arrays, good and bad, against plain Python: bit for bit, or refused."""

import random

import pytest
from indirect_programs import compare, data, index_types, text_of

import polyopt as po

PROGRAMS = 24
DATA = 12


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_kernels_over_data(seed):
    chance = random.Random(seed)
    text = text_of(chance)
    schedule, target = chance.choice(("auto", "auto", "source")), chance.choice(("openmp", "c"))
    kernel = po.kernel_from_text(
        text, scope={"po": po}, fp="strict", schedule=schedule, target=target
    )
    types = index_types(chance)
    for number in range(DATA):
        compare(kernel, data(chance, types, spoil=number % 2 == 1), kernel)
