"""The README's Python runs as it stands, and its commands are those the package has."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from polyopt import cli

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = re.findall(r"^(?:\S*/)?polyopt (.+)$", README, flags=re.MULTILINE)


def test_python_runs_from_top_to_bottom(tmp_path, capsys):
    # The blocks continue one another, as a reader takes them; kernels need a file to stand in.
    assert BLOCKS
    file = tmp_path / "readme.py"
    file.write_text("\n".join(BLOCKS), encoding="utf-8")
    runpy.run_path(str(file))
    assert "s = spec.original" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command):
    words = shlex.split(command, comments=True)
    assert cli.parser().parse_args(words).command
