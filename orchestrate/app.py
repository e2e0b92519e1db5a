"""Puts the parts together: with trackers, the only place that names concrete classes."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial

from agents.assessor import RiskAssessor
from agents.claude import mind_of
from agents.migration_reviewer import MigrationReviewer
from agents.planner import Planner, is_remarkable
from agents.standing import Standing, standings
from agents.triager import Triager
from graphs import deployment
from graphs.steps import Steps
from graphs.steps.arrive import Arrive
from graphs.steps.ask import Ask
from graphs.steps.crew import Crew, Statuses
from graphs.steps.helm import Helm
from graphs.steps.leave import Leave
from graphs.steps.park import Park
from graphs.steps.retreat import Retreat
from graphs.steps.ship import Ship
from orchestrate.answers import Answers
from orchestrate.errors import UnknownEnvironment
from orchestrate.intake import Intake
from orchestrate.models.environment import Component, Database, Environment
from orchestrate.models.fact import digest
from orchestrate.positions import positions
from orchestrate.positions.bound import Bound
from orchestrate.records import Records
from orchestrate.runner import Runner
from orchestrate.settings import Settings
from orchestrate.settings.settings import Kept, no_vault
from orchestrate.store import Store
from orchestrate.trackers import WholeTracker, tracker_of
from orchestrate.unblocking import Unblocking
from orchestrate.vault import Vault, vault_of
from orchestrate.vault.reading import Reading, acquaint
from orchestrate.watching import Watching
from tools.executor import Executor
from tools.guards import Guards
from tools.hearing import Hearing
from tools.inspection import Inspection
from tools.late_target import LateTarget
from tools.metrics import Metrics, SourceByComponent
from tools.migrations import Target
from tools.place import Place
from tools.providers.process.provider import ProcessProvider
from tools.sampler import Sampler
from tools.series import SeriesOfBoth
from tools.survey import Survey
from tools.systems.command_target import CommandTarget
from tools.systems.detached import Detached
from tools.systems.endpoint_metrics import EndpointMetrics
from tools.systems.endpoint_series import EndpointSeries
from tools.systems.git import Git
from tools.systems.git_forge import GitForge
from tools.systems.git_signatures import GitSignatures
from tools.systems.github_account import account_of
from tools.systems.github_forge import GithubForge, github_forge
from tools.systems.haproxy import HAProxy, installed
from tools.systems.postgres_target import PostgresTarget
from tools.systems.prometheus import PrometheusMetrics
from tools.systems.prometheus_series import PrometheusSeries
from tools.systems.proxy import BuiltinProxy
from tools.systems.proxy_metrics import ProxyMetrics
from tools.systems.sqlite_target import SqliteTarget
from tools.traffic import Traffic
from tools.voice import Voice

WholeForge = GitForge | GithubForge


@dataclass(frozen=True, kw_only=True)
class App:
    """Everything, put together for one store."""

    settings: Settings
    store: Store
    runner: Runner
    intake: Intake
    answers: Answers
    watching: Watching
    tracker: WholeTracker
    forge: WholeForge
    crew: Crew
    unblocking: Unblocking
    positions: Bound
    models: Callable[[], Awaitable[tuple[Standing, ...]]]  # how those stand that are asked for advice


@asynccontextmanager
async def assembled(settings: Settings, store: Store | None = None) -> AsyncGenerator[App, None]:
    """The product for these settings; what was opened is closed in the end."""
    opened = store or open_store(settings)
    try:
        vault = vault_of(settings, opened)
        acquaint(settings, [*settings.environments.values(), *opened.environments.all()], vault.secret)
        async with positions(settings.store.url, vault.positions_key) as saver:
            yield _assemble(settings, opened, saver, vault)
    finally:
        if store is None:
            opened.close()


def open_store(settings: Settings) -> Store:
    """The store, brought to this version's tables and looked over. Raises StoreUnusable."""
    store = Store.open(settings.store.url, home=settings.path.parent / ".orchestrate")
    store.upgrade()
    store.check()
    return store


def _assemble(settings: Settings, store: Store, saver: Bound, vault: Vault) -> App:
    tracker = tracker_of(settings, store, vault)
    git, forge = forge_of(settings, store, vault)
    places = _places(settings, store, vault)
    signatures = GitSignatures(git, base=settings.forge.base)

    def environment(name: str) -> Environment:
        return places(name).environment

    def settings_digest(name: str) -> str:
        return digest(environment_of(settings, store, name))

    survey = Survey(
        store=store,
        tasks=tracker,
        forge=forge,
        source=forge,
        signatures=signatures,
        places=places,
        people=settings.people,
    )
    hearing = Hearing(store=store, thread=tracker, environment=environment, person=settings.person)
    guards = Guards(store, environment, settings_digest, hearing, signatures)
    executor = Executor(store, guards.by_class)
    voice = Voice(executor, tracker, tracker)
    key = partial(settings.key_of_models, vault.secret)
    mind = mind_of(settings.models, key, store.model_calls)
    statuses = Statuses(ready=settings.tracker.input_status, deployed=settings.tracker.output_status)
    crew = Crew(
        store=store,
        executor=executor,
        voice=voice,
        survey=survey,
        hearing=hearing,
        planner=Planner(mind, assessor=RiskAssessor(mind, forge.diff), is_worth_asking=is_remarkable),
        triager=Triager(mind),
        reviewer=MigrationReviewer(mind),
        inspection=Inspection(),
        forge=forge,
        source=forge,
        reverts=forge,
        places=places,
        people=settings.people,
        owners=settings.owners,
        settings_digest=settings_digest,
        statuses=statuses,
        workspaces=settings.workspaces,
        showcase=forge.showcase if isinstance(forge, GithubForge) else None,
        workflows=forge.watched(settings.forge.workflows) if isinstance(forge, GithubForge) else None,
    )
    runner = Runner(
        store=store,
        graph=deployment.workflow(steps(crew)).compile(checkpointer=saver),
        saver=saver,
        parking=Park(crew),
        records=Records(store, settings.path.parent / ".orchestrate" / "reports", settings.owners),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        lease_seconds=settings.worker.lease_seconds,
    )
    return App(
        settings=settings,
        store=store,
        runner=runner,
        intake=Intake(
            store=store,
            tasks=tracker,
            environment=environment,
            flow=settings.flow,
        ),
        answers=Answers(store=store, tasks=tracker, voice=voice, hearing=hearing, worker=runner.worker),
        watching=Watching(store=store, places=places, sampler=Sampler(store.clock)),
        tracker=tracker,
        forge=forge,
        crew=crew,
        unblocking=Unblocking(
            store=store,
            tasks=tracker,
            desk=tracker,
            survey=survey,
            blocked=statuses.blocked,
            ready=statuses.ready,
        ),
        positions=saver,
        models=partial(standings, settings.models, key),
    )


def steps(crew: Crew) -> Steps:
    """Every step, on one crew."""
    helm = Helm(crew)
    return Steps(
        arrive=Arrive(crew), ask=Ask(), ship=Ship(crew, helm), retreat=Retreat(crew), leave=Leave(crew)
    )


def forge_of(settings: Settings, store: Store, vault: Vault) -> tuple[Git, WholeForge]:
    """Where changes are, and git on our own copy of it."""
    forge, mirror = settings.forge, settings.path.parent / ".orchestrate" / "forge.git"
    if forge.kind == "git":
        git = Git(forge.remote, mirror)
        return git, GitForge(git, store.changes, base=forge.base, methods=forge.methods)
    account = account_of(forge, lambda: settings.key_of_forge(vault.secret))
    return github_forge(account, mirror, base=forge.base, methods=forge.methods)


def _places(settings: Settings, store: Store, vault: Vault) -> Callable[[str], Place]:
    @lru_cache
    def place(name: str) -> Place:
        return place_of(settings, environment_of(settings, store, name), vault.secret)

    return place


def environment_of(settings: Settings, store: Store, name: str) -> Environment:
    """The environment of the settings, or the one that was created in the store."""
    try:
        return settings.environment(name)
    except UnknownEnvironment as unknown:
        kept = {one.name: one for one in store.environments.all()}
        if name not in kept:
            raise UnknownEnvironment(name, sorted({*unknown.known, *kept})) from None
        return kept[name]


def place_of(settings: Settings, environment: Environment, kept: Kept = no_vault) -> Place:
    """One environment with its provider, router, metrics and databases; `kept` gives what the vault keeps."""
    reading = Reading(settings, environment, kept)

    def traffic(component: Component) -> Traffic:
        return router(environment, component)

    provider = ProcessProvider(environment, reading.value, traffic, filled=reading.filled)
    return Place(
        environment=environment,
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=SourceByComponent({one.name: metric_source(one, traffic) for one in environment.components}),
        series=SeriesOfBoth(EndpointSeries(), PrometheusSeries()),
        targets={
            one.name: target_of(one.database, reading.filled)
            for one in environment.components
            if one.database
        },
        secret=reading.value,
        tend=provider.tend,
        close=provider.stop_all,
    )


def router(environment: Environment, component: Component) -> Traffic:
    """HAProxy where it is installed or demanded, else the small built-in proxy.

    One that runs stays what it is: another kind beside it would neither know its shares nor get its port.
    """
    folder = (environment.root / "traffic" / component.name).absolute()
    kind = Detached(folder).program() or component.traffic
    is_haproxy = kind == "haproxy" or (kind == "auto" and installed() is not None)
    return (HAProxy if is_haproxy else BuiltinProxy)(folder, port=component.port)


def metric_source(component: Component, traffic: Callable[[Component], Traffic]) -> Metrics:
    """Where this component's numbers come from."""
    proxy, endpoint = ProxyMetrics(traffic), EndpointMetrics()
    return {"proxy": proxy, "endpoint": endpoint, "prometheus": PrometheusMetrics()}[component.metrics.kind]


def target_of(database: Database, filled: Callable[[str], str]) -> Target:
    """The database that a component's migrations change; its url is filled in when it is used."""

    def made() -> Target:
        url = filled(database.url)
        target = PostgresTarget(url) if database.dialect == "postgres" else SqliteTarget(url)
        return CommandTarget(target, database.command, url) if database.command else target

    return LateTarget(made)
