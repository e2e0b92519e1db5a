"""How a gate states what it found."""

from __future__ import annotations

from orchestrate.models.gate import Finding, GateName, GateResult


def passed(gate: GateName, sentence: str) -> GateResult:
    """It is so."""
    return GateResult(gate=gate, finding=Finding.PASS, sentence=sentence)


def failed(gate: GateName, sentence: str, cure: str) -> GateResult:
    """It is not so, and this is what would clear it."""
    return GateResult(gate=gate, finding=Finding.FAIL, sentence=sentence, cure=cure)


def unknown(gate: GateName, sentence: str, cure: str) -> GateResult:
    """Nobody can say, which is no pass."""
    return GateResult(gate=gate, finding=Finding.UNKNOWN, sentence=sentence, cure=cure)


def waiting(gate: GateName, sentence: str, cure: str) -> GateResult:
    """Not yet, and somebody is at work on it."""
    return GateResult(gate=gate, finding=Finding.WAIT, sentence=sentence, cure=cure)
