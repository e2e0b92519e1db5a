"""The real tracker on the ClickUp of loopback, with what people do there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from orchestrate.errors import UnknownComment, UnknownTask
from orchestrate.models.task import Comment, Label, Queue, Task
from orchestrate.store import Store
from tests.servers.clickup import ClickUp
from tests.servers.clickup_world import LIST, Saying
from tools.systems.clickup import ClickUpTracker
from tools.systems.clickup_client import Client
from tools.systems.clickup_listening import Awaited
from tools.systems.clickup_tasks import Vocabulary
from tools.tasks import BOT, SUCCEEDED

WORDS = (
    "Ready to Deploy", "Deploying", "Deployed", "Blocked", "On hold", "Failed", "Open", "Done", "To test",
    "Closed",
)  # fmt: skip
ACCOUNTS = {"robot": 1, "ada": 2, "bob": 3, "eve": 4}


class PeopledClickUp(ClickUpTracker):
    """What the contract and the stories need beside the port: people who speak in ClickUp itself."""

    server: ClickUp

    async def say(self, task: str, author: str, text: str, *, to: str | None = None) -> Comment:
        """Somebody's words, in reply to a comment where one is given."""
        if task not in self.server.world.items:
            raise UnknownTask(task)
        said = self.server.world.say(ACCOUNTS[author], task, text, parent=int(to) if to else None)
        return _comment(said)

    async def edit(self, comment: str, text: str) -> Comment:
        if int(comment) not in self.server.world.sayings:
            raise UnknownComment(comment)
        self.server.world.edit(int(comment), text)
        return _comment(self.server.world.sayings[int(comment)])

    async def label(self, task: str, label: Label) -> None:
        if task not in self.server.world.items:
            raise UnknownTask(task)
        tags = self.server.world.items[task].tags
        tags.extend({label.name} - {*tags})

    async def tasks(self, *, only_open: bool = True) -> tuple[Task, ...]:
        listed = await self.reading.items(LIST, [("include_closed", "true")])
        found = await self.reading.tasks(listed)
        return tuple(
            one for one in sorted(found, key=lambda one: one.id) if not (only_open and one.is_closed)
        )


def _comment(said: Saying) -> Comment:
    at = datetime.fromtimestamp(said.at / 1000, UTC)
    return Comment(id=str(said.id), task=said.task, author=str(said.by), text=said.text, at=at)


def tracker(
    server: ClickUp,
    store: Store,
    *,
    bot: str = BOT,
    queues: Mapping[Queue, str] | None = None,
    lists: Mapping[Queue, str] | None = None,
    token: str = "pk_1_robot",
    awaited: Awaited | None = None,
    succeeded: Collection[str] = SUCCEEDED,
    look_seconds: float = 0.0,
    repository: str = "",
) -> PeopledClickUp:
    """The tracker, which looks whenever it is asked."""
    made = PeopledClickUp(
        client=Client(lambda: token, server.url),
        keepsakes=store.keepsakes,
        vocabulary=Vocabulary(
            list=LIST,
            lists=lists or {},
            statuses={word: word for word in WORDS},
            repository=repository,
        ),
        bot=bot,
        queues=queues or {},
        people={"ada": "2", "bob": "3"},
        awaited=awaited,
        succeeded=succeeded,
        look_seconds=look_seconds,
    )
    made.server = server
    return made
