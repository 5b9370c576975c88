"""Why each loop runs as it does: the facts that legality found, in words."""

from polyopt.explain.report import Explanation, Row, explain, explanation

__all__ = ["Explanation", "Row", "explain", "explanation"]
