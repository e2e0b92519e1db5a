"""Requests that are understood, and the answer is no."""

from __future__ import annotations

from orchestrate.errors.root import OrchestrateError


class Refused(OrchestrateError):
    """The request is understood, and the answer is no."""


class EnvironmentBusy(Refused):
    """Another deployment holds the environment."""

    def __init__(self, environment: str, holder: str) -> None:
        self.environment, self.holder = environment, holder
        super().__init__(
            f"{environment} is held by deployment {holder}",
            cure=f"wait for it (orchestrate deploy status {holder}), or run without --no-wait",
        )


class TaskClaimed(Refused):
    """Another deployment already works on the task."""

    def __init__(self, task: str, deployment: str) -> None:
        self.task, self.deployment = task, deployment
        super().__init__(
            f"task {task} is being deployed by {deployment}",
            cure=f"follow it with: orchestrate deploy status {deployment}",
        )


class NotAllowed(Refused):
    """This person may not do this."""


class EffectRefused(Refused):
    """A check at the door to effects said no."""

    def __init__(self, effect: str, reason: str) -> None:
        self.effect, self.reason = effect, reason
        super().__init__(f"{effect} refused: {reason}")


class CheckNotMade(EffectRefused):
    """A check at the door could not be made, because something outside did not answer."""


class LeaseLost(Refused):
    """Another worker drives this deployment now."""

    def __init__(self, deployment: str, token: int) -> None:
        self.deployment, self.token = deployment, token
        super().__init__(f"deployment {deployment}: lease {token} is no longer current")


class AlreadyDecided(Refused):
    """The question was answered before, or is not open."""
