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


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_python_block_runs(block, tmp_path):
    # The blocks continue one another, as a reader takes them; kernels need a file to stand in.
    file = tmp_path / "readme.py"
    file.write_text("\n".join(BLOCKS[: block + 1]), encoding="utf-8")
    runpy.run_path(str(file))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command):
    words = shlex.split(command, comments=True)
    assert cli.parser().parse_args(words).command
