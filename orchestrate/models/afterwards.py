"""Afterwards: what an environment wants once a deployment has ended."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrate.models.fact import Fact


class Announce(Fact):
    """How results are announced. The report's own words always stand there."""

    worded: bool = False  # a model may put a few words of its own before them
    audience: Annotated[str, Field(min_length=1, max_length=120)] = "everybody who follows the service"
