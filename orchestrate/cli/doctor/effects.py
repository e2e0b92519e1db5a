"""What keeps effects from beginning: a person who stopped them, or an audit that is not whole."""

from __future__ import annotations

from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.cli.scene import opened
from orchestrate.errors import OrchestrateError
from orchestrate.settings import Settings


def switch(settings: Settings) -> Finding:
    """Whether somebody stopped effects."""
    with opened(settings) as store:
        stop = store.switch.stopped()
    if stop is not None:
        return doubtful("effects", stop.words, "orchestrate allow-effects --reason TEXT")
    return good("effects", "may begin")


def audit(settings: Settings) -> Finding:
    """Whether the audit is whole, and ends where it should."""
    try:
        with opened(settings) as store:
            found = store.audit.verify()
    except OrchestrateError as problem:
        return failed("audit", problem)
    if found.broken is not None:
        said = f"{found.broken.damage} at entry {found.broken.seq}: {found.broken.words}"
        return bad("audit", said, "see what was done to it: orchestrate audit verify")
    return good("audit", f"{found.entries} entries hold")
