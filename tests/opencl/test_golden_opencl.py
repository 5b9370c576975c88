"""The emitted OpenCL C of six shapes in both mappings, as it stands in tests/opencl/golden, on a
machine of given caches."""

from pathlib import Path

import pytest
import shapes
from golden import golden

import polyopt as po
from polyopt import pipeline
from polyopt.machine import Machine

FOLDER = Path(__file__).parent / "golden"
MACHINE = Machine("two cores", 2, 32 << 10, 1 << 20, 32 << 20, 64, 512, fma=True)
ONE, TWO = po.f64[...], po.f64[..., ...]
ARGUMENTS = {
    "elementwise": (ONE, ONE, ONE),
    "gemm": (TWO, TWO, TWO),
    "stencil": (1, TWO, TWO),
    "reduction": (ONE, ONE, ONE),
    "triangular": (TWO, ONE, ONE),
    "wavefront": (TWO,),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_text(name, model, monkeypatch):
    monkeypatch.setattr(pipeline, "detect", lambda: MACHINE)
    kernel = getattr(shapes, name).with_options(target=po.OpenCL(model=model))
    golden(FOLDER / f"{name}_{model}.cl", kernel.specialize(*ARGUMENTS[name]).source)
