"""What tests of faults share: the stories' folders."""

from __future__ import annotations

from tests.stories.conftest import folder

__all__ = ["folder"]
