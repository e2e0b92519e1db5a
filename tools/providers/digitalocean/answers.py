"""Answers: what App Platform's API says, as far as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tools.systems.web_api import Answered, Json

UNDER_WAY = ("UNKNOWN", "PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING")


class Reason(Answered):
    """Why a step of a deployment failed."""

    code: str = ""
    message: str = ""


class Step(Answered):
    """One of the things of which a deployment consists."""

    component_name: str = ""
    status: str = ""
    reason: Reason | None = None
    steps: tuple[Step, ...] = ()

    def failures(self) -> Iterator[str]:
        """What failed here and below, in the vendor's words; '' where it has none."""
        if self.status == "ERROR" and self.reason is not None:
            yield f"{self.component_name}: {self.reason.message or self.reason.code}".removeprefix(": ")
        for one in self.steps:
            yield from one.failures()


class Progress(Answered):
    """How far a deployment has come."""

    steps: tuple[Step, ...] = ()


class Deployment(Answered):
    """One time that the app was put in place, and by which spec."""

    id: str
    phase: str = "UNKNOWN"
    spec: Json = {}
    progress: Progress | None = None
    updated_at: datetime = datetime.fromtimestamp(0, UTC)

    @property
    def is_active(self) -> bool:
        return self.phase == "ACTIVE"

    @property
    def is_under_way(self) -> bool:
        return self.phase in UNDER_WAY

    @property
    def words(self) -> str:
        steps = self.progress.steps if self.progress else ()
        return "; ".join(dict.fromkeys(said for one in steps for said in one.failures())) or self.phase


class App(Answered):
    """An app: what it should be, what it is, and what is under way."""

    id: str
    spec: Json
    active_deployment: Deployment | None = None
    in_progress_deployment: Deployment | None = None
    pending_deployment: Deployment | None = None
    pinned_deployment: Deployment | None = None

    @property
    def under_way(self) -> Deployment | None:
        both = (self.in_progress_deployment, self.pending_deployment)
        return next((one for one in both if one and one.is_under_way), None)


class AppAnswer(Answered):
    """An app, as it is answered."""

    app: App


class DeploymentAnswer(Answered):
    """A deployment, as it is answered."""

    deployment: Deployment


class Deployments(Answered):
    """Some of them, newest first."""

    deployments: tuple[Deployment, ...] = ()


class Validated(Answered):
    """Whether an app can go back to a deployment, just as it was."""

    valid: bool = False
    warnings: tuple[Json, ...] = ()


class Logs(Answered):
    """Where the log of a deployment is: as it goes on, or as it was put away."""

    live_url: str = ""
    historic_urls: tuple[str, ...] | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Where to ask; a live one takes either protocol."""
        live = self.live_url.replace("wss://", "https://", 1)
        return (live,) if live else (self.historic_urls or ())


class ComponentHealth(Answered):
    """How one component does."""

    name: str = ""
    replicas_ready: int = 0
    state: str = ""


class Health(Answered):
    """How all of them do."""

    components: tuple[ComponentHealth, ...] = ()


class HealthAnswer(Answered):
    """The health, as it is answered."""

    app_health: Health = Health()
