"""The drawing of the graph for the README, made from the table of routes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from graphs.deployment import ONWARD, ROUTES, THEN
from orchestrate.models.deployment import Stage


def drawing() -> str:
    """The whole graph as Mermaid text; stages that ask the same question share its diamond."""
    lines = ["graph TD", "  start([start]) --> pick_up"]
    for stage in Stage:
        if stage in ROUTES and ROUTES[stage][1] is ONWARD:
            lines.append(f"  {stage} --> course{{what next?}}")
        elif stage in ROUTES:
            lines += _answers(stage, ROUTES[stage][1])
        elif stage in THEN and stage is not Stage.ROLL_BACK:
            lines.append(f"  {stage} --> {THEN[stage]}")
    lines += _answers("course", ONWARD)
    lines += ["  roll_back -- more --> roll_back", "  roll_back -- all --> verify_rollback"]
    lines += [
        f"  verify_rollback --> {THEN[Stage.ROLL_BACK]}",
        "  finish --> done([end])",
        "  close --> done",
    ]
    return "\n".join(lines)


def _answers(source: str, answers: Mapping[StrEnum, Stage]) -> list[str]:
    targets: dict[Stage, list[str]] = {}
    for answer, target in answers.items():
        targets.setdefault(target, []).append(answer)
    return [f"  {source} -- {' · '.join(several)} --> {target}" for target, several in targets.items()]


if __name__ == "__main__":
    import sys

    sys.stdout.write(drawing() + "\n")
