"""What a task itself demands beside its environment (Q6): a task makes it stricter, and never easier."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName


def demands(evidence: Evidence, gate: GateName) -> bool:
    """Whether the task names this gate among its `quality_gates`."""
    return gate.value in {_word(name) for name in _named(evidence)}


def demanded_checks(evidence: Evidence) -> Sequence[str]:
    """The CI checks that the task demands: whatever it names that is no gate of ours."""
    ours = {gate.value for gate in GateName}
    return tuple(dict.fromkeys(name for name in _named(evidence) if _word(name) not in ours))


def _named(evidence: Evidence) -> Sequence[str]:
    return evidence.task.metadata.quality_gates if evidence.task else ()


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
