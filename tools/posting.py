"""Posting: messages in a chat as effects, each posted once, found again by its marker, and then edited."""

from __future__ import annotations

from orchestrate.models.fact import Fact
from tools.chat import Chat, Message
from tools.desk import Noted
from tools.executor import EffectClass, Write

EDIT = "edit_message"


class Post(Fact):
    """A message that there should be; one that was said after `since` (epoch seconds) is the one."""

    message: Message
    since: float


class Edit(Fact):
    """What a message says from now on; `number` counts its edits, so that it may say something again."""

    id: str
    number: int
    message: Message


def posting(chat: Chat) -> Write[Post, Noted]:
    """Post a message; the chat keeps its marker."""

    async def observe(post: Post) -> Noted | None:
        id = await chat.find(post.message.marker, post.since)
        return None if id is None else Noted(id=id)

    async def act(post: Post) -> Noted:
        return Noted(id=await chat.say(post.message))

    return Write(
        name="post_message",
        effect=EffectClass.NOTE,
        result=Noted,
        key=lambda post: post.message.marker,
        observe=observe,
        act=act,
    )


def editing(chat: Chat) -> Write[Edit, Noted]:
    """Let a message say something else; the same edit once more changes nothing."""

    async def act(edit: Edit) -> Noted:
        await chat.edit(edit.id, edit.message)
        return Noted(id=edit.id)

    return Write(
        name=EDIT,
        effect=EffectClass.NOTE,
        result=Noted,
        key=lambda edit: f"{edit.message.marker}/{edit.number}",
        act=act,
    )
