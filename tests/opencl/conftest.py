"""Sizes at which every launch is made, however small the test's arrays are."""

import pytest

from polyopt.runtime import opencl_steps


@pytest.fixture(params=["cpu", "gpu"])
def model(request):
    return request.param


@pytest.fixture
def eager(monkeypatch):
    """Every parallel loop is launched, in as many groups as it may have."""
    monkeypatch.setattr(opencl_steps, "LARGE_LAUNCH", -1)
    monkeypatch.setattr(opencl_steps, "LARGE_PIECES", -1)
