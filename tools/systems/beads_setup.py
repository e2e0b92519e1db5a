"""The workspace of Beads that the settings name, by the program that they name: bd, or br."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from orchestrate.settings import TrackerSettings
from orchestrate.settings.tracker import words
from tools.systems.beads import BeadsTracker
from tools.systems.beads_br import Br, BrTracker
from tools.systems.beads_program import Beads
from tools.tasks import BOT


def beads_tracker(
    said: TrackerSettings, env: Mapping[str, str], succeeded: Collection[str], repository: str = ""
) -> BeadsTracker:
    """The workspace that the settings name; `env`: what its program is given beside a clean PATH."""
    program = str(Path(said.program).expanduser()) if "/" in said.program else said.program
    is_br = Path(program).name == "br"
    made = BrTracker if is_br else BeadsTracker
    return made(
        beads=(Br if is_br else Beads)(said.folder, BOT, program, env),
        statuses=words(said),
        repository=repository,
        input_status=said.input_status,
        succeeded=succeeded,
        queues=said.queues,
    )
