"""The audit: read it, see whether it is whole, and go on from what is there on somebody's word."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.exits import Exit
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import Entry, Head
from orchestrate.store.anchor import Anchor

LIMIT = 50
HEAD = re.compile(r"(?:\b(\d+):)?\b([0-9a-f]{64})\b")

Which = Annotated[
    str | None, typer.Option("--deployment", "-d", metavar="ID", help="Only what is about this deployment.")
]
After = Annotated[int | None, typer.Option("--after", metavar="SEQ", help="From the one after this number.")]
Most = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="So many, the newest.")]
Known = Annotated[
    str | None,
    typer.Option(
        "--head", metavar="FILE|HASH", help="A head that you kept: a report, an anchor, or its hash."
    ),
]
Why = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="What happened; kept.")]


def show(
    ctx: typer.Context,
    deployment: Which = None,
    after: After = None,
    limit: Most = LIMIT,
    as_json: AsJson = False,
) -> None:
    """Show what was decided and done, and what was about to be, oldest first."""
    out = Output(as_json)
    with scene_of(ctx).store() as store:
        whose = store.deployments.deployment(deployment).id if deployment else None
        read = store.audit
        found = read.tail(whose, limit) if after is None else read.entries(whose, after, limit)
    out.result({"entries": [one.model_dump(mode="json") for one in found]})
    if not found:
        out.say("nothing was told yet")
        return
    rows = [(str(one.seq), _clock(one.at), one.deployment, one.kind, one.by, _words(one)) for one in found]
    out.table(("entry", "at", "deployment", "what", "by", "facts"), rows)


def verify(ctx: typer.Context, head: Known = None, as_json: AsJson = False) -> None:
    """See whether nothing in the audit was changed, taken out, put in or cut off. Ends with 1 when it was.

    Its end is compared with the anchor, a file beside the store, or with a head that you kept elsewhere.
    """
    out = Output(as_json)
    with scene_of(ctx).store() as store:
        found = store.audit.verify(_head(head) if head else None)
    out.result(found.model_dump(mode="json"))
    if found.broken is None:
        out.say(f"all {found.entries} entries hold; the head is {found.head}")
        return
    out.say(f"broken at entry {found.broken.seq}: {found.broken.damage}: {found.broken.words}")
    raise typer.Exit(int(Exit.NO))


def anchor(ctx: typer.Context, reason: Why, as_json: AsJson = False) -> None:
    """Go on from what is there, although it does not end where it did: after a restored backup, say.

    Effects are refused until somebody does. Only for people with the role operator or approver; recorded.
    """
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    if not reason.strip():
        raise typer.BadParameter("--reason: expected what happened")
    by = identity(settings).must_overrule(None).name
    with opened(settings) as store:
        head = store.audit.anchor(by, reason.strip())
    out.result({"head": head.model_dump(mode="json"), "by": by})
    out.say(f"the audit goes on after {head}, on the word of {by}")


def _head(text: str) -> Head:
    """The head that somebody kept. Raises BadParameter where there is none."""
    content = _read(Path(text)) or text
    found = HEAD.findall(content)
    if not found:
        raise typer.BadParameter(f"--head: {text!r} is neither a hash nor a file that holds one")
    seq, hash = found[-1]
    return Head(seq=int(seq or 0), hash=hash)


def _read(file: Path) -> str:
    """What the file says; of an anchor the end that was reached for certain."""
    if not file.is_file():
        return ""
    try:
        known = Anchor(file, is_alone=True).read()
    except AuditUnusable:
        return file.read_text(errors="replace")
    return str(known.least) if known else ""


def _words(entry: Entry) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(entry.facts.items()))


def _clock(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))
