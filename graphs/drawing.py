"""The drawing of the graph for the README, made from the table of routes."""

from __future__ import annotations

from graphs.deployment import ROUTES, THEN
from orchestrate.models.deployment import Stage


def drawing() -> str:
    """The whole graph as Mermaid text: one line for each pair of stages, with the answers that lead there."""
    lines = ["graph TD", "  start([start]) --> pick_up"]
    for stage in Stage:
        if stage in ROUTES:
            lines += _answers(stage)
        elif stage in THEN:
            lines.append(f"  {stage} --> {THEN[stage]}")
    lines += ["  roll_back -- more --> roll_back", "  roll_back -- all --> verify_rollback"]
    lines += ["  verify_rollback --> triage", "  finish --> end_([end])", "  close --> end_"]
    return "\n".join(line for line in lines if line != "  roll_back --> triage")


def _answers(stage: Stage) -> list[str]:
    targets: dict[Stage, list[str]] = {}
    for answer, target in ROUTES[stage][1].items():
        targets.setdefault(target, []).append(answer)
    return [f"  {stage} -- {' · '.join(answers)} --> {target}" for target, answers in targets.items()]


if __name__ == "__main__":
    import sys

    sys.stdout.write(drawing() + "\n")
