"""Analysis: samples in, a verdict out, with the numbers that decided; nothing here touches the world."""

from orchestrate.analysis.verdict import judge
from orchestrate.analysis.words import Trigger

__all__ = ["Trigger", "judge"]
