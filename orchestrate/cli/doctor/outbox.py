"""The outbox: what people were not told yet, and why."""

from __future__ import annotations

from orchestrate.cli.deploy.status import owed_known
from orchestrate.cli.doctor.finding import Finding, doubtful, good
from orchestrate.cli.glance import owed_words
from orchestrate.cli.scene import Scene

CURE = "see that the tracker can be reached, and that a worker runs: orchestrate worker"


def outbox(scene: Scene) -> Finding:
    """Whether people were told everything."""
    owed = owed_known(scene)
    return doubtful("outbox", owed_words(owed), CURE) if owed else good("outbox", "everything was told")
