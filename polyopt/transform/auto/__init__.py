"""The automatic scheduler: it writes the same steps that a person would."""

from polyopt.transform.auto.driver import auto

__all__ = ["auto"]
