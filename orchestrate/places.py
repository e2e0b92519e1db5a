"""Puts an environment together: the concrete classes that deploy to it, route, measure and migrate there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from orchestrate.errors import UnknownEnvironment
from orchestrate.models.alert import Source
from orchestrate.models.environment import Component, Database, Environment
from orchestrate.models.rehearsed import expected
from orchestrate.settings import Settings
from orchestrate.settings.settings import Kept, no_vault
from orchestrate.store import Store
from orchestrate.vault import Vault
from orchestrate.vault.reading import Reading
from tools.late_target import LateTarget
from tools.metrics import Metrics, SourceByComponent
from tools.migrations import Target
from tools.place import Place
from tools.provider import Hosting
from tools.providers.awslambda.provider import AwsLambdaProvider
from tools.providers.by_component import ByComponent
from tools.providers.cloudfront.provider import CloudFrontProvider
from tools.providers.cloudrun.provider import CloudRunProvider
from tools.providers.compose.provider import compose_provider
from tools.providers.containerapps.provider import ContainerAppsProvider
from tools.providers.custom.provider import CustomProvider
from tools.providers.digitalocean.provider import DigitalOceanProvider
from tools.providers.docker.provider import docker_provider
from tools.providers.ecs.provider import EcsProvider
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.providers.netlify.provider import netlify_provider
from tools.providers.process.provider import ProcessProvider
from tools.providers.railway.provider import RailwayProvider
from tools.providers.vercel.provider import vercel_provider
from tools.series import SeriesBySource, SeriesOfBoth, SeriesSource
from tools.systems.alertmanager import AlertmanagerSeries
from tools.systems.cloudwatch import CloudWatchMetrics
from tools.systems.command_target import CommandTarget
from tools.systems.datadog import Datadog, DatadogMetrics, DatadogSeries
from tools.systems.detached import Detached
from tools.systems.endpoint_metrics import EndpointMetrics
from tools.systems.endpoint_series import EndpointSeries
from tools.systems.haproxy import HAProxy, installed
from tools.systems.postgres_target import PostgresTarget
from tools.systems.prometheus import Prometheus, PrometheusMetrics
from tools.systems.prometheus_series import PrometheusSeries
from tools.systems.proxy import BuiltinProxy
from tools.systems.proxy_metrics import ProxyMetrics
from tools.systems.sentry import SentrySeries
from tools.systems.sqlite_target import SqliteTarget
from tools.traffic import Traffic


def places_of(settings: Settings, store: Store, vault: Vault) -> Callable[[str], Place]:
    """Each environment by its name, put together once."""

    @lru_cache
    def place(name: str) -> Place:
        return place_of(settings, environment_of(settings, store, name), vault.secret)

    return place


def environment_of(settings: Settings, store: Store, name: str) -> Environment:
    """The environment of the settings, or the one that was created in the store."""
    try:
        found = settings.environment(name)
    except UnknownEnvironment as unknown:
        kept = {one.name: one for one in store.environments.all()}
        if name not in kept:
            raise UnknownEnvironment(name, sorted({*unknown.known, *kept})) from None
        found = kept[name]
    return expected(found, _all(settings, store))


def _all(settings: Settings, store: Store) -> Iterator[Environment]:
    yield from settings.environments.values()
    yield from store.environments.all()


def place_of(settings: Settings, environment: Environment, kept: Kept = no_vault) -> Place:
    """One environment with its provider, router, metrics and databases; `kept` gives what the vault keeps."""
    reading = Reading(settings, environment, kept)

    def traffic(component: Component) -> Traffic:
        return router(environment, component)

    provider = hosting(environment, reading, traffic)
    datadog, prometheus = Datadog(reading.value), Prometheus(reading.value)
    queried: dict[Source, SeriesSource] = {
        Source.PROMETHEUS: PrometheusSeries(prometheus),
        Source.DATADOG: DatadogSeries(datadog),
        Source.SENTRY: SentrySeries(reading.value),
        Source.ALERTMANAGER: AlertmanagerSeries(reading.value),
    }
    return Place(
        environment=environment,
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=SourceByComponent(
            {
                one.name: metric_source(one, traffic, datadog, prometheus, reading.value)
                for one in environment.components
            }
        ),
        series=SeriesOfBoth(EndpointSeries(), SeriesBySource(queried)),
        targets={
            one.name: target_of(one.database, reading.filled)
            for one in environment.components
            if one.database
        },
        secret=reading.value,
        tend=provider.tend,
        close=provider.stop_all,
    )


Routers = Callable[[Component], Traffic]


def _process(environment: Environment, reading: Reading, traffic: Routers) -> Hosting:
    return ProcessProvider(environment, reading.value, traffic, filled=reading.filled)


def _docker(environment: Environment, reading: Reading, traffic: Routers) -> Hosting:
    return docker_provider(environment, reading.value, traffic, filled=reading.filled)


def _compose(environment: Environment, reading: Reading, traffic: Routers) -> Hosting:
    return compose_provider(environment, reading.value, traffic, filled=reading.filled)


def _custom(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return CustomProvider(environment, reading.value, filled=reading.filled)


def _kubernetes(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return KubernetesProvider(environment, reading.value, filled=reading.filled)


def _ecs(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return EcsProvider(environment, reading.value)


def _cloudrun(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return CloudRunProvider(environment, reading.value, filled=reading.filled)


def _awslambda(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return AwsLambdaProvider(environment, reading.value)


def _vercel(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return vercel_provider(environment, reading.value)


def _netlify(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return netlify_provider(environment, reading.value)


def _cloudfront(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return CloudFrontProvider(environment, reading.value, filled=reading.filled)


def _containerapps(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return ContainerAppsProvider(environment, reading.value, filled=reading.filled)


def _digitalocean(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return DigitalOceanProvider(environment, reading.value)


def _railway(environment: Environment, reading: Reading, _: Routers) -> Hosting:
    return RailwayProvider(environment, reading.value)


PROVIDERS: Mapping[str, Callable[[Environment, Reading, Routers], Hosting]] = {
    "process": _process,
    "docker": _docker,
    "kubernetes": _kubernetes,
    "compose": _compose,
    "custom": _custom,
    "ecs": _ecs,
    "awslambda": _awslambda,
    "cloudrun": _cloudrun,
    "vercel": _vercel,
    "netlify": _netlify,
    "cloudfront": _cloudfront,
    "containerapps": _containerapps,
    "digitalocean": _digitalocean,
    "railway": _railway,
}
"""Who stands behind each provider's name; what each can do is in orchestrate/models/abilities.py."""


def hosting(environment: Environment, reading: Reading, traffic: Routers) -> Hosting:
    """The provider of the environment, or one that asks that of each component."""
    names = {one.provider for one in environment.components}
    made = {name: PROVIDERS[name](environment, reading, traffic) for name in names}
    if len(made) == 1:
        return next(iter(made.values()))
    return ByComponent({one.name: made[one.provider] for one in environment.components})


def router(environment: Environment, component: Component) -> Traffic:
    """HAProxy where it is installed or demanded, else the small built-in proxy.

    One that runs stays what it is: another kind beside it would neither know its shares nor get its port.
    """
    folder = (environment.root / "traffic" / component.name).absolute()
    kind = Detached(folder).program() or component.traffic
    is_haproxy = kind == "haproxy" or (kind == "auto" and installed() is not None)
    return (HAProxy if is_haproxy else BuiltinProxy)(folder, port=component.port)


def metric_source(
    component: Component,
    traffic: Routers,
    datadog: Datadog,
    prometheus: Prometheus,
    secrets: Callable[[str], str],
) -> Metrics:
    """Where this component's numbers come from."""
    return {
        "proxy": ProxyMetrics(traffic),
        "endpoint": EndpointMetrics(),
        "prometheus": PrometheusMetrics(prometheus),
        "datadog": DatadogMetrics(datadog),
        "cloudwatch": CloudWatchMetrics(secrets),
    }[component.metrics.kind]


def target_of(database: Database, filled: Callable[[str], str]) -> Target:
    """The database that a component's migrations change; its url is filled in when it is used."""

    def made() -> Target:
        url = filled(database.url)
        target = PostgresTarget(url) if database.dialect == "postgres" else SqliteTarget(url)
        return CommandTarget(target, database.command, url) if database.command else target

    return LateTarget(made)
