"""Spec: what an app should be, and the one service in it whose image we choose; all else stays as it is."""

from __future__ import annotations

from typing import cast

from orchestrate.errors import EffectRefused
from orchestrate.models.environment import Component
from orchestrate.models.hosts import DigitalOcean
from tools.systems.web_api import Json


def digitalocean_of(component: Component) -> DigitalOcean:
    """Which app and image it is; the settings do not take a component without it."""
    assert component.digitalocean is not None
    return component.digitalocean


def service_name(component: Component) -> str:
    return digitalocean_of(component).service or component.name


def wished(spec: Json, component: Component, image: str, instances: int) -> Json:
    """The spec with `image` (host/name@digest) in the component's service, so many times.

    Raises EffectRefused where the service is another one than the component.
    """
    service = usable(spec, component, image.partition("@")[0])
    kept = {key: value for key, value in _image(service).items() if key not in ("tag", "deploy_on_push")}
    made: Json = {
        **service,
        "image": {**kept, "digest": image.partition("@")[2]},
        "instance_count": instances,
    }
    if path := component.health.path:
        made["health_check"] = {**cast("Json", service.get("health_check") or {}), "http_path": path}
    others = [made if one == service else one for one in _services(spec)]
    return {**spec, "services": others}


def usable(spec: Json, component: Component, repository: str) -> Json:
    """The component's service, whose image is from `repository` (host/name). Raises EffectRefused."""
    name = service_name(component)
    found = _service(spec, name)
    what = f"{component.name}: the service {name} of the app"
    if not found:
        raise EffectRefused(what, "the app has no such service")
    image = _image(found)
    parts = [str(image[key]) for key in ("registry", "repository") if image.get(key)]
    if not parts or not f"/{repository}".endswith(f"/{'/'.join(parts)}"):
        raise EffectRefused(
            what, f"its image is {'/'.join(parts) or 'built by DigitalOcean'}, not {repository}"
        )
    if found.get("autoscaling"):
        raise EffectRefused(what, "it scales by itself, and the number of instances is ours to say")
    if cast("Json", image.get("deploy_on_push") or {}).get("enabled"):
        raise EffectRefused(what, "each push of an image goes live by itself; turn off its deploy_on_push")
    return found


def is_same(spec: Json, other: Json, service: str) -> bool:
    """Whether both say the same of what is ours to say of the service."""
    return _ours(spec, service) == _ours(other, service)


def digest_in(spec: Json, service: str) -> str:
    """By which digest the service runs; '' where none is named."""
    return str(_image(_service(spec, service)).get("digest", ""))


def instances_in(spec: Json, service: str) -> int:
    return cast("int", _service(spec, service).get("instance_count", 1))


def _ours(spec: Json, service: str) -> tuple[object, ...]:
    checked = cast("Json", _service(spec, service).get("health_check") or {})
    return digest_in(spec, service), instances_in(spec, service), checked.get("http_path")


def _service(spec: Json, name: str) -> Json:
    return next((one for one in _services(spec) if one.get("name") == name), dict[str, object]())


def _services(spec: Json) -> list[Json]:
    return cast("list[Json]", spec.get("services") or [])


def _image(service: Json) -> Json:
    return cast("Json", service.get("image") or {})
