"""The emitted OpenCL C of six shapes in both mappings, as it stands in tests/opencl/golden."""

from pathlib import Path

import pytest
import shapes
from golden import golden

import polyopt as po

FOLDER = Path(__file__).parent / "golden"
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
def test_text(name, model):
    kernel = getattr(shapes, name).with_options(target=po.OpenCL(model=model))
    golden(FOLDER / f"{name}_{model}.cl", kernel.specialize(*ARGUMENTS[name]).source)
