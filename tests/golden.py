"""Expected texts that stand in files beside the tests; POLYOPT_UPDATE_GOLDEN=1 rewrites them."""

from __future__ import annotations

import os
import re
from pathlib import Path


def plain(text: str) -> str:
    """A text whose places in test files are not told by line, so that tests may move."""
    return re.sub(r"\btest_\w+\.py:\d+", "kernel.py:1", text)


def golden(file: Path, text: str) -> None:
    """Assert that a text is the one that stands in `file`."""
    text = plain(text).rstrip("\n") + "\n"
    if os.environ.get("POLYOPT_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
