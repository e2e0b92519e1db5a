"""The ClickUp that the settings name, as our tracker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from orchestrate.models.environment import Channel, Person
from orchestrate.settings import TrackerSettings
from orchestrate.settings.tracker import words
from orchestrate.store import Store
from tools.systems.clickup import ClickUpTracker
from tools.systems.clickup_client import Client
from tools.systems.clickup_tasks import Vocabulary


def clickup_tracker(
    said: TrackerSettings,
    people: Sequence[Person],
    store: Store,
    token: Callable[[], str],
    succeeded: Collection[str],
    repository: str = "",
) -> ClickUpTracker:
    """The tracker. `token` is called when it is used; a mention of a person calls their first account.

    `repository`: the page of the repository whose pull requests are ours; '': any.
    """
    known = (one for one in people if Channel.TRACKER in one.identities)
    return ClickUpTracker(
        client=Client(token, said.api.rstrip("/")),
        keepsakes=store.keepsakes,
        vocabulary=Vocabulary(
            list=said.list,
            lists=said.lists,
            statuses={word: said.statuses.get(word, word) for word in words(said)},
            repository=repository,
        ),
        input_status=said.input_status,
        succeeded=succeeded,
        queues=said.queues,
        people={"".join(one.name.split()): one.identities[Channel.TRACKER] for one in known},
        awaited=store.threads.awaited,
    )
