"""The page on calls names every variable that the code reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "calling.md").read_text(encoding="utf-8")


def test_the_table_of_variables_is_complete():
    code = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "polyopt").rglob("*.py"))
    read = set(re.findall(r"\bPOLYOPT_[A-Z_]*[A-Z]\b", code)) - {"POLYOPT_UPDATE_GOLDEN"}
    told = set(re.findall(r"\| `(POLYOPT_[A-Z_]+)` \|", PAGE))
    assert {name for name in read if not name.endswith("_H")} == told
