"""Quantities: amounts as Kubernetes writes them, such as 100m, 1.5Gi or 12e6."""

from __future__ import annotations

import re

from orchestrate.errors import OutsideFailed

_FORM = re.compile(r"(?P<number>[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)(?P<unit>[KMGTPE]i|[numkMGTPE])?")
_DECIMAL = {unit: 1000.0**power for power, unit in enumerate("kMGTPE", 1)}
_BINARY = {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)}
UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, **_DECIMAL, **_BINARY}
MIB = 1024 * 1024


def amount(text: object) -> float:
    """The number that it is. Raises OutsideFailed for what is none."""
    found = _FORM.fullmatch(str(text))
    if found is None:
        raise OutsideFailed(f"{str(text)[:40]!r} is no quantity of Kubernetes")
    return float(found["number"]) * UNITS.get(found["unit"] or "", 1.0)
