"""Answers: what Railway's GraphQL API (v2) says, and the words with which it is asked."""

from __future__ import annotations

from tools.systems.web_api import Answered, Json

DEPLOYMENT = "id status createdAt meta instances { id status }"

SERVICE = (
    "query ($environment: String!, $service: String!) {"
    " serviceInstance(environmentId: $environment, serviceId: $service) {"
    f" serviceName source {{ image }} latestDeployment {{ {DEPLOYMENT} }}"
    f" activeDeployments {{ {DEPLOYMENT} }} }} }}"
)
ONE = f"query ($id: String!) {{ deployment(id: $id) {{ {DEPLOYMENT} }} }}"
LOGS = "query ($id: String!, $limit: Int) { deploymentLogs(deploymentId: $id, limit: $limit) { message } }"
UPDATE = (
    "mutation ($environment: String!, $service: String!, $input: ServiceInstanceUpdateInput!) {"
    " serviceInstanceUpdate(environmentId: $environment, serviceId: $service, input: $input) }"
)
DEPLOY = (
    "mutation ($environment: String!, $service: String!) {"
    " serviceInstanceDeployV2(environmentId: $environment, serviceId: $service) }"
)
CANCEL = "mutation ($id: String!) { deploymentCancel(id: $id) }"
REMOVE = "mutation ($id: String!) { deploymentRemove(id: $id) }"

WELL = ("SUCCESS", "SLEEPING")  # one that sleeps is woken by the next request
UNDER_WAY = ("INITIALIZING", "BUILDING", "DEPLOYING", "QUEUED", "WAITING")
REPLACED = ("REMOVED", "REMOVING", "SKIPPED")


class One(Answered):
    """A copy of a deployment."""

    id: str
    status: str = ""


class Deployment(Answered):
    """One attempt to have an image run, which is never changed again."""

    id: str
    status: str
    created_at: str
    meta: Json | None = None
    instances: tuple[One, ...] = ()

    @property
    def image(self) -> str:
        """Of what it was made; '' where that is not told."""
        return str((self.meta or {}).get("image") or "")

    @property
    def is_well(self) -> bool:
        told = {one.status for one in self.instances}
        return self.status == "SLEEPING" or (self.status == "SUCCESS" and told <= {"RUNNING"})

    @property
    def words(self) -> str:
        told = ", ".join(one.status for one in self.instances)
        return f"{self.status}{f' ({told})' if told else ''}"


class Source(Answered):
    """Of what a service is made."""

    image: str | None = None


class Service(Answered):
    """A service in one environment."""

    service_name: str
    source: Source | None = None
    latest_deployment: Deployment | None = None
    active_deployments: tuple[Deployment, ...] = ()

    @property
    def live(self) -> Deployment | None:
        """Who has the domain: the newest that was well when it began."""
        well = [one for one in self.active_deployments if one.status in (*WELL, "CRASHED")]
        return max(well, key=lambda one: one.created_at, default=None)

    def under_way(self, image: str) -> str:
        """The newest deployment, where it is of this image and has not ended yet; else ''."""
        last = self.latest_deployment
        return last.id if last and last.status in UNDER_WAY and last.image == image else ""

    @property
    def newest(self) -> str:
        return self.latest_deployment.id if self.latest_deployment else ""


class Line(Answered):
    """A line that an instance wrote."""

    message: str = ""


class ServiceSaid(Answered):
    """The answer to SERVICE."""

    service_instance: Service


class DeploymentSaid(Answered):
    """The answer to ONE."""

    deployment: Deployment


class LogsSaid(Answered):
    """The answer to LOGS."""

    deployment_logs: tuple[Line, ...]


class Fault(Answered):
    """Why a question was not answered."""

    message: str = ""
    extensions: Json = {}

    @property
    def code(self) -> str:
        return str(self.extensions.get("code", ""))


class Reply(Answered):
    """Data or faults, or some of both."""

    data: Json | None = None
    errors: tuple[Fault, ...] = ()
