"""AWS: in whose account and region a component runs, and what each of its services has to know."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrate.models.fact import Fact

REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
ADDRESS_OR_NOTHING = r"^(https?://[^\s/@\\?#]+/?)?$"
Name = Annotated[str, Field(min_length=1, max_length=512)]


class Aws(Fact):
    """Which account is asked, where, and as whom: a profile, or keys that are secrets of the environment."""

    region: Annotated[str, Field(pattern=REGION)]
    profile: str = ""  # of ~/.aws
    access_key: str | None = None  # a secret
    secret_key: str | None = None  # a secret
    session_token: str | None = None  # a secret, where the keys are temporary
    endpoint: str = ""  # where all services answer; '': where AWS says

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it uses."""
        return tuple(one for one in (self.access_key, self.secret_key, self.session_token) if one is not None)


class TargetGroups(Fact):
    """The target group of each slot, by its ARN; the targets are addresses (type `ip`)."""

    blue: Name
    green: Name


class Ecs(Fact):
    """Which services of an ECS cluster a component is, and which rule shares its traffic."""

    aws: Aws
    image: Name  # host/name:tag; {version} {commit} {tree} are filled in
    credentials: str | None = None  # a secret, user:password, for the registry; ECR is asked as ourselves
    cluster: Name
    template: Name  # a task definition, family or family:revision; a version is it with another image
    container: str = ""  # of the template, whose image is exchanged; '': its only one
    service: str = ""  # the services are called so, with -blue and -green; '': as the component
    rule: str = ""  # ARN of the listener's rule that forwards to both target groups
    target_groups: TargetGroups | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8080  # on which the container listens
    launch: Literal["FARGATE", "EC2"] = "FARGATE"
    subnets: tuple[Name, ...] = ()  # in which tasks run
    security_groups: tuple[Name, ...] = ()
    public_ip: bool = False  # tasks without a NAT gateway pull their image by one
    pause: Annotated[int, Field(ge=0, le=300)] = 10  # seconds in which a load balancer learns new shares


class Functions(Fact):
    """Which Lambda function a component is, and by which alias it is called."""

    aws: Aws
    function: Name
    alias: Annotated[str, Field(pattern=r"^[a-zA-Z][\w-]{0,100}$")] = "live"
    image: str = ""  # host/name:tag, of a function that is an image; {commit} and so on are filled in
    credentials: str | None = None  # a secret, user:password, for the registry; ECR is asked as ourselves
    bucket: str = ""  # of the archives, of a function that is one
    key: str = ""  # of a version's archive in it; {version} {commit} {tree} are filled in


class CloudFront(Fact):
    """Which bucket keeps the releases of a static site, and which distribution shows one of them."""

    aws: Aws
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    distribution: Annotated[str, Field(pattern=r"^[A-Z0-9]+$")]  # its id
    origin: str = ""  # the id of the one whose path is switched; '': the distribution's only one
    output: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)*$")] = "."  # below the component's folder
    prefix: Annotated[str, Field(pattern=r"^[\w-]+(/[\w-]+)*$")] = "releases"  # of all keys that are ours
    cache: Annotated[str, Field(pattern=r"^[\x20-\x7e]+$")] = (
        "public, max-age=300"  # Cache-Control of every file
    )
    url: Annotated[str, Field(pattern=ADDRESS_OR_NOTHING)] = (
        ""  # where it is asked; '': the distribution's name
    )
    switch_seconds: Annotated[int, Field(ge=1, le=3600)] = 600  # that CloudFront may take to show a switch
