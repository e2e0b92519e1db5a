"""Slack: listen to `/deploy`, buttons and threads there, and keep its channel up to date."""

from __future__ import annotations

import asyncio

import typer

from orchestrate.cli.happenings import draining, happened
from orchestrate.cli.hush import hushed
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.slack.serving import Slack, slack_of


def slack(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Serve Slack until Ctrl-C: hear `/deploy`, buttons and answers in threads, post cards, edit progress.

    A worker does what is accepted here. One of these is enough; with two, each message is still posted once.
    """
    scene, out = scene_of(ctx), Output(as_json)
    served = slack_of(scene.settings(), lambda text: happened(out, text))
    with hushed(scene.folder):
        asyncio.run(_serve(served))
    happened(out, "Slack is not listened to any more")


async def _serve(served: Slack) -> None:
    await served.serve(draining())
