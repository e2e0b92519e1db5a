"""What ClickUp answers, as far as it is read; several things come otherwise than its description says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Answered(BaseModel):
    """A part of an answer; what is not named here is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class Nothing(Answered):
    """An answer that says no more than that it was done."""


class Problem(Answered):
    """Why something was not done."""

    err: str = ""
    code: str = Field(default="", alias="ECODE")


def _readable(value: object) -> object:
    """Text without what a database cannot keep: NUL, and half characters."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _named(value: object) -> object:
    """A tag is an object, or its name alone."""
    return {"name": value} if isinstance(value, str) else value


def _some(value: object) -> object:
    return value or ()


Text = Annotated[str, BeforeValidator(_readable)]
Milliseconds = Annotated[int, Field(ge=0)]  # since the epoch; they come as text


class Member(Answered):
    """Somebody; the id is what proves who it is, names can be changed."""

    id: str
    username: str | None = None


class Me(Answered):
    """Whose token it is."""

    user: Member


class Status(Answered):
    """A status of a list; its type is open, custom, done or closed."""

    status: str
    type: str = ""

    @property
    def is_end(self) -> bool:
        return self.type in ("done", "closed")


class Shelf(Answered):
    """A list."""

    id: str
    name: str = ""
    statuses: Annotated[tuple[Status, ...], BeforeValidator(_some)] = ()
    permission_level: str | None = None


class Choice(Answered):
    """One of what a dropdown or a field of labels offers."""

    id: str = ""
    name: str | None = None
    label: str | None = None
    orderindex: int | None = None

    @property
    def words(self) -> str:
        return self.name or self.label or ""


class Offer(Answered):
    """How a custom field is made."""

    options: Annotated[tuple[Choice, ...], BeforeValidator(_some)] = ()


class CustomField(Answered):
    """A custom field of a task; the form of its value is that of its type."""

    name: str = ""
    type: str = ""
    type_config: Annotated[Offer, BeforeValidator(lambda value: value or {})] = Offer()
    value: object = None


class Tag(Answered):
    """A tag; nobody tells who put it there."""

    name: str


class Edge(Answered):
    """`task_id` waits for `depends_on`."""

    task_id: str
    depends_on: str


class Urgency(Answered):
    """1 is urgent, 4 is low."""

    id: str | None = None


class Place(Answered):
    """The list in which a task is at home."""

    id: str


class Item(Answered):
    """A task."""

    id: str
    name: Text
    description: Text | None = None
    text_content: Text | None = None
    markdown_description: Text | None = None
    status: Status
    date_created: Milliseconds
    date_updated: Milliseconds | None = None
    creator: Member | None = None
    tags: Annotated[tuple[Annotated[Tag, BeforeValidator(_named)], ...], BeforeValidator(_some)] = ()
    priority: Urgency | None = None
    custom_fields: Annotated[tuple[CustomField, ...], BeforeValidator(_some)] = ()
    dependencies: Annotated[tuple[Edge, ...], BeforeValidator(_some)] = ()
    list: Place

    @property
    def waits_for(self) -> tuple[str, ...]:
        return tuple(one.depends_on for one in self.dependencies if one.task_id == self.id)

    @property
    def is_waited_for_by(self) -> tuple[str, ...]:
        return tuple(one.task_id for one in self.dependencies if one.depends_on == self.id)


class Page(Answered):
    """A hundred tasks of a list, or fewer."""

    tasks: tuple[Item, ...]
    last_page: bool | None = None


class Saying(Answered):
    """A comment, or a reply to one."""

    id: str
    comment_text: Text = ""
    user: Member
    date: Milliseconds
    reply_count: int = 0

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.date / 1000, UTC)


class Sayings(Answered):
    """Twenty-five comments, the newest first, or all replies to one."""

    comments: tuple[Saying, ...]


class Said(Answered):
    """The comment that was made."""

    id: str
    date: Milliseconds


class Seat(Answered):
    """Somebody's place in a workspace."""

    user: Member


class Team(Answered):
    """A workspace."""

    id: str
    name: str = ""
    members: Annotated[tuple[Seat, ...], BeforeValidator(_some)] = ()


class Health(Answered):
    """Whether a webhook is still sent; after a hundred failures it is suspended."""

    status: str = ""
    fail_count: int = 0


class Webhook(Answered):
    """What is told of which events, and where."""

    id: str
    endpoint: str = ""
    events: tuple[str, ...] = ()
    secret: str | None = None
    health: Health = Health()


class Webhooks(Answered):
    """The webhooks that the token's user made in a workspace."""

    webhooks: tuple[Webhook, ...]


class Teams(Answered):
    """The workspaces that the token's user is in."""

    teams: tuple[Team, ...]
