"""How ClickUp answers each call that is used here, out of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tests.servers.clickup_world import (
    PER_PAGE,
    PER_THREAD,
    TEAM,
    ClickUpWorld,
    Hook,
    Item,
    Json,
    Saying,
    Shelf,
)

PRIORITIES = {1: "urgent", 2: "high", 3: "normal", 4: "low"}


class Refusal(Exception):
    """ClickUp says no."""

    def __init__(self, status: int, said: str, code: str) -> None:
        super().__init__(said)
        self.status, self.said, self.code = status, said, code


@dataclass(frozen=True)
class Call:
    """One request, by a member."""

    world: ClickUpWorld
    by: int
    params: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: Json

    def asked(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def is_asked(self, name: str) -> bool:
        return self.asked(name) == "true"

    def text(self, name: str) -> str:
        return str(self.body.get(name) or "")

    @property
    def shelf(self) -> Shelf:
        found = self.world.lists.get(self.params["list_id"])
        if found is None:
            raise Refusal(401, "Team not authorized", "OAUTH_027")
        return found

    @property
    def item(self) -> Item:
        id = self.params["task_id"]
        if not self.is_asked("custom_task_ids"):
            return self.found(id)
        if self.asked("team_id") != TEAM:
            raise Refusal(401, "Team not authorized", "OAUTH_027")
        named = (one for one in self.world.items.values() if one.custom_id == id)
        return next(named, None) or self.found("")

    def found(self, id: str) -> Item:
        if id not in self.world.items:
            raise Refusal(404, "Task not found", "ITEM_013")
        return self.world.items[id]

    @property
    def saying(self) -> Saying:
        found = self.world.sayings.get(int(self.params["comment_id"]))
        if found is None:
            raise Refusal(404, "Comment not found", "COMMENT_002")
        return found


def _user(call: Call, id: int) -> Json:
    name = call.world.members[id].name
    return {
        "id": id, "username": name, "email": f"{name.lower()}@example.test", "color": "#7b68ee",
        "initials": name[0], "profilePicture": None if id == 4 else "https://example.test/face",
    }  # fmt: skip


def who(call: Call) -> Json:
    return {"user": _user(call, call.by)}


def teams(call: Call) -> Json:
    members = [{"user": _user(call, id)} for id in call.world.members]
    return {"teams": [{"id": TEAM, "name": "Acme", "color": "#000", "avatar": "", "members": members}]}


def shelf(call: Call) -> Json:
    found = call.shelf
    return {
        "id": found.id,
        "name": found.name,
        "permission_level": found.permission,
        "statuses": [_status(name, kind, index) for index, (name, kind) in enumerate(found.statuses)],
    }


def _status(name: str, kind: str, index: int = 0) -> Json:
    return {"id": f"s_{name}", "status": name, "color": "#d3d3d3", "orderindex": index, "type": kind}


def fields(call: Call) -> Json:
    return {"fields": call.shelf.fields}


def tasks(call: Call) -> Json:
    """A page of a list."""
    found = [one for one in call.world.items.values() if _is_wanted(call, one)]
    order = call.asked("order_by", "created")
    found.sort(key=lambda one: one.updated if order == "updated" else one.created, reverse=True)
    start = int(call.asked("page", "0")) * PER_PAGE
    page = found[start : start + PER_PAGE]
    return {"tasks": [_task(call, one) for one in page], "last_page": start + PER_PAGE >= len(found)}


def _is_wanted(call: Call, item: Item) -> bool:
    statuses, tags = call.query.get("statuses[]"), call.query.get("tags[]")
    after, since = int(call.asked("date_updated_gt", "-1")), int(call.asked("date_created_gt", "-1"))
    return (
        item.shelf == call.shelf.id
        and not item.archived
        and (call.is_asked("include_closed") or call.world.kind(item) != "closed")
        and (statuses is None or item.status in statuses)
        and (tags is None or any(one in tags for one in item.tags))
        and item.updated > after
        and item.created > since
    )


def task(call: Call) -> Json:
    return _task(call, call.item)


def _task(call: Call, item: Item) -> Json:
    shown: Json = {
        "id": item.id,
        "custom_id": item.custom_id or None,
        "name": item.name,
        "text_content": _plain(item.markdown),
        "description": _plain(item.markdown),
        "status": _status(item.status, call.world.kind(item)),
        "orderindex": "1.0",
        "date_created": str(item.created),
        "date_updated": str(item.updated),
        "date_closed": None,
        "creator": _user(call, item.by),
        "tags": [{"name": name, "tag_fg": "#fff", "tag_bg": "#000"} for name in item.tags],
        "priority": _priority(item.priority),
        "custom_fields": [
            {**one, **({"value": item.fields[str(one["id"])]} if one["id"] in item.fields else {})}
            for one in call.world.lists[item.shelf].fields
        ],
        "dependencies": list(_edges(call, item)),
        "linked_tasks": [
            {"task_id": item.id, "link_id": other, "date_created": "1", "userid": "1"}
            for other in item.linked
        ],
        "list": {"id": item.shelf, "name": call.world.lists[item.shelf].name, "access": True},
        "folder": {"id": "1"},
        "space": {"id": "1"},
        "url": f"https://app.clickup.test/t/{item.id}",
    }
    if call.is_asked("include_markdown_description"):
        shown["markdown_description"] = item.markdown.replace("_", "\\_")
    return shown


def _priority(number: int | None) -> Json | None:
    if number is None:
        return None
    text = str(number)
    return {"id": text, "priority": PRIORITIES[number], "color": "#f00", "orderindex": text}


def _edges(call: Call, item: Item) -> list[Json]:
    """Both what the task waits for, and what waits for it."""
    pairs = [(item.id, on) for on in item.waits_for]
    pairs += [(one.id, item.id) for one in call.world.items.values() if item.id in one.waits_for]
    return [
        {"task_id": a, "depends_on": b, "type": 1, "date_created": "1", "userid": "1", "workspace_id": TEAM}
        for a, b in pairs
    ]


def _plain(markdown: str) -> str:
    """As ClickUp shows it: without fences, bullets and emphasis."""
    without = re.sub(r"^```.*$\n?|^- |\*\*", "", markdown, flags=re.MULTILINE)
    return without.rstrip("\n")


def file(call: Call) -> Json:
    links = call.text("links_to")
    status = call.text("status") or call.shelf.statuses[0][0]
    _check_status(call.shelf, status)
    item = call.world.add(
        call.by,
        call.shelf.id,
        call.text("name"),
        markdown=call.text("markdown_content"),
        status=status,
        priority=call.body.get("priority"),
        tags=list(cast("list[str]", call.body.get("tags", []))),
        linked=[call.found(links).id] if links else [],
    )
    if links:
        call.found(links).linked.append(item.id)
    return _task(call, item)


def put(call: Call) -> Json:
    item = call.item
    if "status" in call.body:
        status = call.text("status")
        _check_status(call.world.lists[item.shelf], status)
        call.world.change(item, call.by, status)
    if "name" in call.body:
        item.name = call.text("name")
    if "markdown_content" in call.body:
        item.markdown = call.text("markdown_content")
    return _task(call, item)


def _check_status(shelf: Shelf, status: str) -> None:
    if status not in dict(shelf.statuses):
        raise Refusal(400, "Status does not exist", "ITEM_114")
    if shelf.permission != "create":
        raise Refusal(403, "You do not have permission to do this", "ACCESS_083")


def comments(call: Call) -> Json:
    """Twenty-five of them, the newest first; replies are elsewhere."""
    found = call.world.thread(call.item.id)
    if "start" in call.query and "start_id" in call.query:
        last = (int(call.asked("start")), int(call.asked("start_id")))
        found = [one for one in found if (one.at, one.id) < last]
    return {"comments": [_comment(call, one) for one in found[:PER_THREAD]]}


def replies(call: Call) -> Json:
    said = call.saying
    return {"comments": [_comment(call, one) for one in call.world.thread(said.task, said.id)]}


def _comment(call: Call, said: Saying) -> Json:
    runs = said.runs or [{"text": said.text, "attributes": {}}]
    return {
        "id": str(said.id),
        "comment": [{"text": _shown(call, one), **one} for one in runs],
        "comment_text": "".join(_shown(call, one) for one in runs) + "\n",
        "user": _user(call, said.by),
        "resolved": False,
        "assignee": None,
        "assigned_by": None,
        "reactions": [],
        "date": str(said.at),
        "reply_count": str(len(call.world.thread(said.task, said.id))),
    }


def _shown(call: Call, run: Json) -> str:
    if run.get("type") == "tag":
        person = cast("Mapping[str, int]", run["user"])["id"]
        if person not in call.world.members:
            raise Refusal(400, "User not found", "USER_001")
        return f"@{call.world.members[person].name}"
    return str(run.get("text", ""))


def comment(call: Call) -> Json:
    return _said(call, call.item.id, None)


def reply(call: Call) -> Json:
    return _said(call, call.saying.task, call.saying.id)


def _said(call: Call, task: str, parent: int | None) -> Json:
    runs = cast("list[Json]", call.body.get("comment", []))
    if not runs and not call.text("comment_text"):
        raise Refusal(400, "Comment text required", "COMM_006")
    for one in runs:
        _shown(call, one)
    said = call.world.say(call.by, task, call.text("comment_text"), parent=parent, runs=runs)
    return {"id": said.id, "hist_id": str(call.world.new_id()), "date": said.at}


def reword(call: Call) -> Json:
    call.world.edit(call.saying.id, call.text("comment_text"))
    return {}


def erase(call: Call) -> Json:
    call.world.erase(call.saying.id)
    return {}


def depend(call: Call) -> Json:
    on = call.found(call.text("depends_on")).id
    if on not in call.item.waits_for:
        call.item.waits_for.append(on)
    return {}


def release(call: Call) -> Json:
    on = call.asked("depends_on")
    call.item.waits_for = [one for one in call.item.waits_for if one != on]
    return {}


def tag(call: Call) -> Json:
    call.item.tags = [*dict.fromkeys((*call.item.tags, call.params["tag_name"]))]
    return {}


def untag(call: Call) -> Json:
    call.item.tags = [one for one in call.item.tags if one != call.params["tag_name"]]
    return {}


def hook(call: Call) -> Json:
    id = f"hook-{call.world.new_id()}"
    events = cast("list[str]", call.body["events"])
    made = Hook(id, call.text("endpoint"), tuple(events), secret=f"{call.world.new_id():064d}")
    call.world.hooks[id] = made
    return {"id": id, "webhook": _hook(call, made)}


def hooks(call: Call) -> Json:
    return {"webhooks": [_hook(call, one) for one in call.world.hooks.values()]}


def _hook(call: Call, made: Hook) -> Json:
    return {
        "id": made.id, "userid": call.by, "team_id": int(TEAM), "endpoint": made.endpoint, "client_id": "",
        "events": list(made.events), "task_id": None, "list_id": None, "folder_id": None, "space_id": None,
        "health": {"status": "suspended" if made.is_suspended else "active", "fail_count": made.failures},
        "secret": made.secret,
    }  # fmt: skip


Route = Callable[[Call], Json]
_TASK, _COMMENT = "/v2/task/{task_id}", "/v2/comment/{comment_id}"
ROUTES: Mapping[tuple[str, str], Route] = {
    ("get", "/v2/user"): who,
    ("get", "/v2/team"): teams,
    ("get", "/v2/list/{list_id}"): shelf,
    ("get", "/v2/list/{list_id}/field"): fields,
    ("get", "/v2/list/{list_id}/task"): tasks,
    ("post", "/v2/list/{list_id}/task"): file,
    ("get", _TASK): task,
    ("put", _TASK): put,
    ("get", f"{_TASK}/comment"): comments,
    ("post", f"{_TASK}/comment"): comment,
    ("put", _COMMENT): reword,
    ("delete", _COMMENT): erase,
    ("get", f"{_COMMENT}/reply"): replies,
    ("post", f"{_COMMENT}/reply"): reply,
    ("post", f"{_TASK}/dependency"): depend,
    ("delete", f"{_TASK}/dependency"): release,
    ("post", f"{_TASK}/tag/{{tag_name}}"): tag,
    ("delete", f"{_TASK}/tag/{{tag_name}}"): untag,
    ("post", "/v2/team/{team_id}/webhook"): hook,
    ("get", "/v2/team/{team_id}/webhook"): hooks,
}
