"""Every notebook runs from top to bottom, and is stored with its outputs."""

import json
import logging
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the test extra's nbformat is not here")
nbclient = pytest.importorskip("nbclient", reason="the test extra's nbclient is not here")

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 400_000
NAMES = [
    "01-first-kernel",
    "02-transformation-scripts",
    "03-stencils-and-time-tiling",
    "04-why-not-parallel",
    "05-opencl",
    "polyopt-from-scratch",
]


def code_cells(path):
    return [c for c in nbformat.read(str(path), 4).cells if c.cell_type == "code"]


def test_all_notebooks_are_here():
    assert [path.stem for path in PATHS] == NAMES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    notebook = nbformat.read(str(path), 4)
    place = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3", resources=place)
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_its_outputs(path):
    cells = code_cells(path)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(c.outputs) for c in cells) >= 5
    assert path.stat().st_size < MOST_BYTES
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error"
            text = json.dumps(output)
            assert "<script" not in text
            assert "widget-view" not in text


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_links_of_a_notebook_lead_somewhere(path):
    for cell in nbformat.read(str(path), 4).cells:
        if cell.cell_type == "markdown":
            for target in cell.source.split("](")[1:]:
                address = target.partition(")")[0]
                assert address.startswith("https://") or (FOLDER / address).exists(), address
