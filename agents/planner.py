"""Turns a situation into the plan that a person approves."""

from __future__ import annotations

from agents.situation import Situation

__all__ = ["Situation"]
