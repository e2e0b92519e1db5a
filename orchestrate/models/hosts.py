"""Hosts: what each provider has to know about a component beyond what all of them know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from orchestrate.models.fact import Fact

SOCKET = "/var/run/docker.sock"
NAMESPACE = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
PROJECT = r"^[a-z0-9][-a-z0-9.:]{2,62}$"
GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
ProviderName = Literal[
    "process",
    "docker",
    "kubernetes",
    "compose",
    "custom",
    "ecs",
    "cloudrun",
    "awslambda",
    "vercel",
    "netlify",
    "cloudfront",
    "containerapps",
    "digitalocean",
    "railway",
]
Port = Annotated[int, Field(ge=1, le=65535)]


class Docker(Fact):
    """How the docker provider comes by a component's image, and how it runs it."""

    image: str = ""  # in a registry; {version} {commit} {tree} are filled in; '': it is built here
    revision: bool = True  # an image that says it was made of another commit is refused
    credentials: str | None = None  # a secret, user:password, for the registry
    dockerfile: str = "Dockerfile"  # in the component's folder
    port: Port = 8080  # on which the program listens in its container
    socket: str = SOCKET  # of the engine, on this machine
    network: str = "bridge"
    cpus: PositiveInt | None = None  # percent of one core
    processes: PositiveInt = 512
    read_only: bool = False  # the container's own files
    user: str = ""  # '': the image's


class Kubernetes(Fact):
    """Where in which cluster a component runs, and from which image."""

    image: Annotated[str, Field(min_length=1)]  # host/name:tag; {version} {commit} {tree} are filled in
    namespace: Annotated[str, Field(pattern=NAMESPACE)]
    context: str = ""  # of the kubeconfig; '': its current one
    kubeconfig: Path | None = None  # None: ~/.kube/config
    credentials: str | None = None  # a secret, user:password, for the registry
    secret: str = ""  # a Secret of the namespace, whose keys are variables of the pods
    pull_secret: str = ""  # a Secret of the namespace, with which the cluster pulls the image
    service: str = ""  # its name; '': the component's
    room: Literal["nodes", "quota"] = "nodes"  # what is asked for room; nodes: both
    route: str = ""  # an HTTPRoute whose weights share the traffic; '': the Service's selector does
    ingress: str = ""  # an Ingress of the nginx controller, beside which ours takes a share
    rollout: str = ""  # a Rollout of Argo, which owns the pods and the steps: only its image is set
    canary: str = ""  # a Canary of Flagger, which does: only the image of its target is set

    @property
    def owner(self) -> str:
        """The object to which a deployment is handed over, in words; '' where we do it."""
        if self.rollout:
            return f"the Rollout {self.rollout} of Argo Rollouts"
        return f"the Canary {self.canary} of Flagger" if self.canary else ""

    @property
    def has_router(self) -> bool:
        """Whether something shares the traffic by weights."""
        return bool(self.route or self.ingress)

    port: Port = 8080  # on which the program listens in its pod
    pause: Annotated[int, Field(ge=0, le=120)] = 5  # seconds in which routers learn that a pod leaves


Words = tuple[str, ...]


class Custom(Fact):
    """Your own commands, as words: placeholders are filled in, and no shell reads them."""

    start: Words  # {slot} {version} {commit} {tree} {instances}
    stop: Words  # {slot}
    status: Words  # writes what runs, as JSON
    traffic: Words = ()  # {weights}, such as blue=90,green=10; without it a version has all or nothing
    drain: Words = ()  # {slot} {seconds}
    build: Words = ()  # {checkout} {version} {commit} {tree}
    artifact: Words = ()  # {version} {commit} {tree}; writes the digest, or ends with 1 when there is none
    logs: Words = ()  # {slot} {lines}


class Compose(Fact):
    """Which service of a compose file a component is, and how it is reached."""

    file: str = ""  # in the component's folder; '': the first of the usual names that is there
    service: str = ""  # '': called as the component is
    project: str = ""  # '': <service>-<environment>
    credentials: str | None = None  # a secret, user:password, for the registry of its image
    port: Port = 8080  # on which the service listens in its container
    socket: str = SOCKET


Name = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$")]
Address = Annotated[str, Field(pattern=r"^https?://[^\s/@\\?#]+/?$")]


class CloudRun(Fact):
    """Which service of Google Cloud Run a component is, and from which image its revisions are made."""

    image: Annotated[str, Field(min_length=1)]  # host/name:tag; {version} {commit} {tree} are filled in
    project: Annotated[str, Field(pattern=PROJECT)]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    service: Name | Literal[""] = ""  # its name; '': the component's
    key: str  # a secret: the JSON key of a service account
    credentials: str | None = None  # a secret, user:password, for a registry that is not Google's
    port: Port = 8080  # on which the program listens in its container
    url: Address = "https://run.googleapis.com"  # of the API
    logs: Address = "https://logging.googleapis.com"  # of the API of Cloud Logging


Guid = Annotated[str, Field(pattern=GUID)]


class ContainerApps(Fact):
    """Which app of Azure Container Apps a component is, and from which image its revisions are made."""

    image: Annotated[str, Field(min_length=1)]  # host/name:tag; {version} {commit} {tree} are filled in
    subscription: Guid
    group: Annotated[str, Field(pattern=r"^[-\w.()]{1,90}$")]  # the resource group
    app: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$")] | Literal[""] = ""  # '': as ours
    container: str = ""  # which of its containers runs the image; '': the first
    tenant: str = ""  # of Microsoft Entra: its id or domain
    client: Guid | Literal[""] = ""  # the application that we are
    secret: str | None = None  # a secret: the application's client secret
    token: str | None = None  # a secret: an access token that somebody else renews, instead of the three
    credentials: str | None = None  # a secret, user:password, for the registry; ours where it is Azure's
    url: Address = "https://management.azure.com"  # of the API
    login: Address = "https://login.microsoftonline.com"  # where tokens are given


class Vercel(Fact):
    """Which project of Vercel a component is."""

    project: Annotated[str, Field(min_length=1)]  # its id or name
    team: str = ""  # its id, team_…; '': the account's own
    token: str  # a secret
    bypass: str | None = None  # a secret: lets us at deployments that are protected
    url: Address = "https://api.vercel.com"  # of the API


class Netlify(Fact):
    """Which site of Netlify a component is."""

    site: Annotated[str, Field(min_length=1)]  # its id, or its name.netlify.app
    token: str  # a secret
    url: Address = "https://api.netlify.com"  # of the API


class DigitalOcean(Fact):
    """Which service of which app of DigitalOcean's App Platform a component is, and from which image."""

    image: Annotated[str, Field(min_length=1)]  # host/name:tag; {version} {commit} {tree} are filled in
    app: Annotated[str, Field(min_length=1)]  # its id
    service: Name | Literal[""] = ""  # its name in the app; '': the component's
    token: str  # a secret
    credentials: str | None = None  # a secret, user:password, for the registry
    url: Address = "https://api.digitalocean.com"  # of the API


class Railway(Fact):
    """Which service of Railway a component is, and from which image its deployments are made."""

    image: Annotated[str, Field(min_length=1)]  # host/name:tag; {version} {commit} {tree} are filled in
    environment: Guid  # its id at Railway
    service: Guid  # its id
    token: str  # a secret
    scope: Literal["project", "account"] = "project"  # the token's kind; account: of a workspace as well
    credentials: str | None = None  # a secret, user:password, for the registry
    url: Address = "https://backboard.railway.com"  # of the API
