"""POLYOPT_LINES: compiled code that debuggers and profilers lead back to Python."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import polyopt as po
from polyopt.emit.lines import named, with_lines

HERE = Path(__file__)


def smooth(n, x, y):
    for i in range(1, n - 1):
        y[i] = 0.5 * (x[i - 1] + x[i + 1])
    for i in range(n):
        if x[i] > 2:
            x[i] = y[i] - 1


def line_of(text):
    lines = HERE.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


FIRST = line_of("y[i] = 0.5 * (x[i - 1] + x[i + 1])")
LAST = line_of("x[i] = y[i] - 1")

EMITTED = """\
void f(void)
{
    for (int i = 0; i < 3; i++) {
        /* a.py:7   x[i] = a long line that the comment
           breaks   S1 */
        x[i] =
            1;
        y = 2;
    }
    for (int i = 0; i < 3; i++)
        /* b.py:9   z = 1   S2 */
        if (x[i])
            z = 1;
    return;
}
/* no statement, but a.py:3 is in it */
int g;
"""


def test_every_line_has_its_place():
    """Read as a compiler does: each line, and where the directives say that it is."""
    made = named(with_lines(EMITTED, {"a.py": '/home/"me"/a.py'}), "/cache/f.c")
    file, number, places = "/cache/f.c", 1, {}
    for physical, line in enumerate(made.split("\n"), 1):
        found = re.fullmatch(r'#line (\d+) "(.*)"', line)
        if found:
            file, number = found[2].replace('\\"', '"'), int(found[1])
            continue
        if file == "/cache/f.c":
            assert number == physical
        places[line.strip()] = (file, number)
        number += 1
    assert [place for place in places.values() if place[0] != "/cache/f.c"] == [
        ('/home/"me"/a.py', 7)
    ] * 3
    without = [line for line in made.split("\n") if not line.startswith("#line")]
    assert "\n".join(without) == EMITTED
    assert made.startswith('#line 2 "/cache/f.c"\n')


def source(kernel):
    return kernel.specialize(5, np.ones(5), np.ones(5)).source


def test_off_unless_asked_for(monkeypatch):
    monkeypatch.delenv("POLYOPT_LINES", raising=False)
    assert "#line" not in source(po.kernel(smooth))
    monkeypatch.setenv("POLYOPT_LINES", "0")
    assert "#line" not in source(po.kernel(smooth))
    monkeypatch.setenv("POLYOPT_LINES", "yes")
    with pytest.raises(po.BadArgumentError) as caught:
        po.kernel(smooth)(1, np.ones(1), np.ones(1))
    assert str(caught.value) == "POLYOPT_LINES is 0 or 1, not 'yes'"


def test_compiled_code_knows_its_python(monkeypatch, cache_folder):
    monkeypatch.setenv("POLYOPT_LINES", "1")
    kernel, x, y = po.kernel(smooth), np.arange(6.0), np.zeros(6)
    assert f'#line {FIRST} "{HERE}"' in source(kernel)
    expected = x.copy(), y.copy()
    kernel.py_func(6, *expected)
    kernel(6, x, y)
    assert (x.tolist(), y.tolist()) == tuple(a.tolist() for a in expected)
    if shutil.which("objdump") is None:
        pytest.skip("no objdump to read debugging information with")
    found = set()
    for library in cache_folder.glob("*.so"):
        command = ["objdump", "--dwarf=decodedline", str(library)]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        numbers = re.findall(rf"^{re.escape(HERE.name)}\s+(\d+)", table, re.MULTILINE)
        found |= set(map(int, numbers))
    assert found == {FIRST, LAST}


def test_exported_files_know_their_own_name(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYOPT_LINES", "1")
    made, _ = po.kernel(smooth).specialize(5, np.ones(5), np.ones(5)).write_c(tmp_path)
    text = made.read_text()
    assert text.startswith('#line 2 "smooth.c"\n')
    assert f'#line {FIRST} "{HERE}"' in text
    assert "this file" not in text
