"""Kernels over index arrays, good and bad, against plain Python: bit for bit, or refused."""

import pytest
from indirect_programs import examine

PROGRAMS = 24


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_kernels_over_data(seed):
    assert examine(seed)
