"""Puts the parts together: with trackers and places, the only modules that name concrete classes."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial

from agents.announcer import Announcer
from agents.assessor import RiskAssessor
from agents.assistant import Assistant
from agents.claude import mind_of
from agents.conflict_resolver import ConflictResolver
from agents.deployer import Deployer
from agents.migration_reviewer import MigrationReviewer
from agents.model import Model
from agents.planner import Planner, is_remarkable
from agents.standing import Standing, standings
from agents.triager import Triager
from graphs import deployment
from graphs.steps import Steps
from graphs.steps.arrive import Arrive
from graphs.steps.ask import Ask
from graphs.steps.chores import repeat
from graphs.steps.crew import Crew, Statuses
from graphs.steps.helm import Helm
from graphs.steps.leave import Leave
from graphs.steps.park import Park
from graphs.steps.retreat import Retreat
from graphs.steps.ship import Ship
from orchestrate.answers import Answers
from orchestrate.forges import WholeForge, forge_of
from orchestrate.intake import Intake
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.fact import digest
from orchestrate.places import environment_of, places_of
from orchestrate.positions import positions
from orchestrate.positions.bound import Bound
from orchestrate.postman import Postman
from orchestrate.records import Records
from orchestrate.remembered import memory_of, reservations_of
from orchestrate.runner import Runner
from orchestrate.settings import Settings
from orchestrate.settings.slack import TOKEN
from orchestrate.sight import Sight
from orchestrate.store import Store
from orchestrate.trackers import WholeTracker, tracker_of
from orchestrate.unblocking import Unblocking
from orchestrate.vault import Vault, vault_of
from orchestrate.vault.reading import acquaint
from orchestrate.watching import Watching
from tools.executor import Executor
from tools.guards import Guards
from tools.hearing import NO_ROOMS, Hearing, Room
from tools.inspection import Inspection
from tools.sampler import Sampler
from tools.survey import Survey
from tools.systems.cosign import Cosign
from tools.systems.git_signatures import GitSignatures
from tools.systems.github_forge import GithubForge
from tools.systems.slack_reading import SlackReading
from tools.voice import Voice


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
    postman: Postman
    positions: Bound
    assistant: Assistant
    models: Callable[[], Awaitable[tuple[Standing, ...]]]  # how those stand that are asked for advice


@asynccontextmanager
async def assembled(settings: Settings, store: Store | None = None) -> AsyncGenerator[App, None]:
    """The product for these settings; what was opened is closed in the end."""
    opened = store or open_store(settings)
    try:
        vault = vault_of(settings, opened)
        acquaint(settings, [*settings.environments.values(), *opened.environments.all()], vault.secret)
        async with positions(settings.store.url, vault.positions_key) as saver:
            yield _Parts(settings, opened, saver, vault).app()
    finally:
        if store is None:
            opened.close()


def open_store(settings: Settings) -> Store:
    """The store, brought to this version's tables and looked over. Raises StoreUnusable."""
    store = Store.open(settings.store.url, home=settings.path.parent / ".orchestrate")
    store.upgrade()
    store.check()
    return store


def steps(crew: Crew) -> Steps:
    """Every step, on one crew."""
    helm = Helm(crew)
    return Steps(
        arrive=Arrive(crew), ask=Ask(), ship=Ship(crew, helm), retreat=Retreat(crew), leave=Leave(crew)
    )


class _Parts:
    """What an App consists of; each part is made once, when the first of the others needs it."""

    def __init__(self, settings: Settings, store: Store, saver: Bound, vault: Vault) -> None:
        self.settings = settings
        self.store = store
        self.saver = saver
        self.vault = vault
        self.tracker = tracker_of(settings, store, vault)
        self.git, self.forge = forge_of(settings, store, vault)
        self.places = places_of(settings, store, vault)
        self.signatures = GitSignatures(self.git, base=settings.forge.base)
        self.key_of_models = partial(settings.key_of_models, vault.secret)

    def app(self) -> App:
        return App(
            settings=self.settings,
            store=self.store,
            runner=self.runner,
            intake=self._intake(),
            answers=self._answers(),
            watching=Watching(store=self.store, places=self.places, sampler=Sampler(self.store.clock)),
            tracker=self.tracker,
            forge=self.forge,
            crew=self.crew,
            unblocking=self._unblocking(),
            postman=self._postman(),
            positions=self.saver,
            assistant=Assistant(self.mind),
            models=partial(standings, self.settings.models, self.key_of_models),
        )

    @cached_property
    def survey(self) -> Survey:
        return Survey(
            store=self.store,
            tasks=self.tracker,
            forge=self.forge,
            source=self.forge,
            signatures=self.signatures,
            images=Cosign(),
            places=self.places,
            people=self.settings.people,
        )

    @cached_property
    def hearing(self) -> Hearing:
        return Hearing(
            store=self.store,
            thread=self.tracker,
            environment=self._environment,
            person=self.settings.person,
            rooms=self._rooms(),
        )

    @cached_property
    def executor(self) -> Executor:
        guards = Guards(
            self.store, self._environment, self._settings_digest, self.hearing, self.signatures, Cosign()
        )
        return Executor(self.store, guards.by_class)

    @cached_property
    def voice(self) -> Voice:
        return Voice(self.executor, self.tracker, self.tracker, self.settings.tracker.queues)

    @cached_property
    def statuses(self) -> Statuses:
        tracker = self.settings.tracker
        return Statuses(ready=tracker.input_status, deployed=tracker.output_status)

    @cached_property
    def mind(self) -> Model:
        """Whoever is asked for advice."""
        return mind_of(self.settings.models, self.key_of_models, self.store.model_calls)

    def sight(self, deployment: str) -> Sight:
        """What models may see of a deployment."""
        return Sight(self.store, self.places, self.forge, deployment)

    @cached_property
    def crew(self) -> Crew:
        settings, forge, mind = self.settings, self.forge, self.mind
        on_github = forge if isinstance(forge, GithubForge) else None
        return Crew(
            store=self.store,
            executor=self.executor,
            voice=self.voice,
            survey=self.survey,
            hearing=self.hearing,
            planner=Planner(mind, assessor=RiskAssessor(mind, forge.diff), is_worth_asking=is_remarkable),
            triager=Triager(mind, self.sight),
            reviewer=MigrationReviewer(mind),
            deployer=Deployer(mind, self.sight),
            resolver=ConflictResolver(mind),
            inspection=Inspection(),
            forge=forge,
            source=forge,
            announcer=Announcer(mind),
            reverts=forge,
            conflicts=forge,
            memory=memory_of(settings, self.store),
            reservations=reservations_of(settings, self.store, self.vault),
            reserved_for=settings.reservations.hold,
            waits_for_files=settings.reservations.wait,
            places=self.places,
            people=settings.people,
            owners=settings.owners,
            settings_digest=self._settings_digest,
            statuses=self.statuses,
            workspaces=settings.workspaces,
            showcase=on_github and on_github.showcase(comments=settings.forge.comments),
            workflows=on_github and on_github.watched(settings.forge.workflows),
            queue=on_github and on_github.queue,
        )

    @cached_property
    def runner(self) -> Runner:
        settings = self.settings
        return Runner(
            store=self.store,
            graph=deployment.workflow(steps(self.crew)).compile(checkpointer=self.saver),
            saver=self.saver,
            parking=Park(self.crew),
            records=Records(self.store, settings.path.parent / ".orchestrate" / "reports", settings.owners),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            lease_seconds=settings.worker.lease_seconds,
        )

    def _intake(self) -> Intake:
        return Intake(
            store=self.store,
            tasks=self.tracker,
            environment=self._environment,
            flow=self.settings.flow,
            stages=self.settings.tracker.stages,
        )

    def _answers(self) -> Answers:
        return Answers(
            store=self.store,
            tasks=self.tracker,
            voice=self.voice,
            hearing=self.hearing,
            worker=self.runner.worker,
        )

    def _unblocking(self) -> Unblocking:
        return Unblocking(
            store=self.store,
            tasks=self.tracker,
            desk=self.tracker,
            survey=self.survey,
            blocked=self.statuses.blocked,
            ready=self.statuses.ready,
        )

    def _rooms(self) -> Mapping[Channel, Room]:
        """Where else people answer, to be looked at again."""
        said = self.settings.slack
        if said is None:
            return NO_ROOMS
        token = partial(self.settings.key_of_slack, TOKEN, self.vault.secret)
        return {Channel.SLACK: SlackReading(token, said.channel, said.api)}

    def _postman(self) -> Postman:
        return Postman(
            store=self.store,
            repeat=partial(repeat, self.crew),
            records=self.runner.records,
            worker=self.runner.worker,
            lease_seconds=self.runner.lease_seconds,
        )

    def _environment(self, name: str) -> Environment:
        return self.places(name).environment

    def _settings_digest(self, name: str) -> str:
        return digest(environment_of(self.settings, self.store, name))
