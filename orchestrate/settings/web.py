"""Places that are reached by an HTTP API alone: what their settings want."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.environment import Component
from orchestrate.settings.images import check_build, check_credentials, check_image
from orchestrate.settings.tree import Document, Loc


def check_cloudrun(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be a service of Cloud Run."""
    own = part.cloudrun
    if own is None:
        said = f"{part.name}: missing key 'cloudrun', which names the image, the project and the region"
        raise document.fault(loc, said, cure="cloudrun: {image: …, project: …, region: …, key: …}")
    check_build(document, loc, part)
    check_credentials(document, (*loc, "cloudrun"), own.credentials, secrets)
    _check_secret(document, (*loc, "cloudrun", "key"), own.key, secrets)
    check_image(document, (*loc, "cloudrun", "image"), own.image)
    check_traffic(document, (*loc, "cloudrun"), part, "a service of Cloud Run")


def check_containerapps(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be an app of Azure Container Apps."""
    own = part.containerapps
    if own is None:
        said = (
            f"{part.name}: missing key 'containerapps', which names the image, the subscription and the group"
        )
        raise document.fault(loc, said, cure="containerapps: {image: …, subscription: …, group: …, …}")
    here = (*loc, "containerapps")
    check_build(document, loc, part)
    check_credentials(document, here, own.credentials, secrets)
    check_image(document, (*here, "image"), own.image)
    entra = (own.tenant, own.client, own.secret)
    if any(entra) == bool(own.token) or not (own.token or all(entra)):
        said = f"{part.name}: expected tenant, client and secret, or a token instead of the three"
        raise document.fault(here, said, cure="tenant: …, client: …, secret: SECRET")
    for key in ("secret", "token"):
        if (name := getattr(own, key)) is not None:
            _check_secret(document, (*here, key), name, secrets)
    if part.memory_limit:
        said = "memory_limit: at Azure memory comes in pairs with CPU; set both in the app's own template"
        raise document.fault((*loc, "memory_limit"), said)
    check_traffic(document, here, part, "an app of Container Apps")


def check_railway(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be a service of Railway."""
    own, here = part.railway, (*loc, "railway")
    if own is None:
        said = f"{part.name}: missing key 'railway', which names the image, the environment and the service"
        raise document.fault(loc, said, cure="railway: {image: …, environment: …, service: …, token: …}")
    check_build(document, loc, part)
    check_credentials(document, here, own.credentials, secrets)
    check_image(document, (*here, "image"), own.image)
    _check_secret(document, (*here, "token"), own.token, secrets)
    for key in ("run", "memory_limit"):
        if getattr(part, key):
            raise document.fault((*loc, key), f"{key}: Railway runs a service by the service's own settings")
    if part.instances != 1:
        said = "instances: how many replicas there are is a setting of the service at Railway"
        raise document.fault((*loc, "instances"), said, cure="instances: 1")
    if not part.health.path:
        said = "health: without a path Railway replaces what runs as soon as a container has begun"
        raise document.fault((*loc, "health"), said, cure="health: {path: /health}")
    check_traffic(document, here, part, "a service of Railway")


def check_vercel(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be a project of Vercel."""
    own = part.vercel
    if own is None:
        said = f"{part.name}: missing key 'vercel', which names the project and the token"
        raise document.fault(loc, said, cure="vercel: {project: …, token: …}")
    _check_builds(document, loc, part, "Vercel builds and runs by the project's own settings")
    _check_secret(document, (*loc, "vercel", "token"), own.token, secrets)
    if own.bypass is not None:
        _check_secret(document, (*loc, "vercel", "bypass"), own.bypass, secrets)
    check_traffic(document, (*loc, "vercel"), part, "a project of Vercel")


def check_netlify(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be a site of Netlify."""
    own = part.netlify
    if own is None:
        said = f"{part.name}: missing key 'netlify', which names the site and the token"
        raise document.fault(loc, said, cure="netlify: {site: …, token: …}")
    _check_builds(document, loc, part, "Netlify builds and runs by the site's own settings")
    _check_secret(document, (*loc, "netlify", "token"), own.token, secrets)
    check_traffic(document, (*loc, "netlify"), part, "a site of Netlify")


def check_digitalocean(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where a component cannot be a service of App Platform."""
    own = part.digitalocean
    if own is None:
        said = f"{part.name}: missing key 'digitalocean', which names the image, the app and the token"
        raise document.fault(loc, said, cure="digitalocean: {image: …, app: …, token: …}")
    _check_builds(document, loc, part, "App Platform runs the image by the app's own settings")
    check_credentials(document, (*loc, "digitalocean"), own.credentials, secrets)
    _check_secret(document, (*loc, "digitalocean", "token"), own.token, secrets)
    check_image(document, (*loc, "digitalocean", "image"), own.image)
    check_traffic(document, (*loc, "digitalocean"), part, "a service of App Platform")


def _check_builds(document: Document, loc: Loc, part: Component, said: str) -> None:
    for key in ("run", "build"):
        if getattr(part, key):
            raise document.fault((*loc, key), f"{key}: {said}")


def _check_secret(document: Document, loc: Loc, name: str, secrets: Sequence[str]) -> None:
    if name not in secrets:
        raise document.fault(loc, f"{loc[-1]}: the environment has no secret {name!r}")


def check_traffic(document: Document, loc: Loc, part: Component, whose: str) -> None:
    """A place that shares the traffic itself needs a port, and has its numbers from elsewhere."""
    if not part.port:
        said = f"{part.name}: {whose} has traffic, and the component no port"
        raise document.fault(loc, said, cure="port: 443")
    if part.metrics.kind == "proxy":
        said = f"metrics: the traffic of {whose} does not pass our router; name another source"
        raise document.fault(loc, said, cure="metrics: {kind: prometheus, url: …}")
