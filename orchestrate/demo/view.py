"""The view: what the demo's deployments, traffic and numbers are right now, as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.prepare import Errand
from orchestrate.models.deployment import Deployment, Event, Outcome
from orchestrate.models.runtime import Running

BAR = 40
EVENTS = 9
COLOURS = {"blue": "blue", "green": "green"}
GOOD = (Outcome.DEPLOYED,)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything the view shows, read at one moment."""

    rows: Sequence[tuple[Errand, str, str, Sequence[Deployment]]]  # errand, title, task status, deployments
    production: Running | None
    traffic: TrafficCounts
    events: Sequence[Event]
    elapsed: float


def drawn(scene: Scene) -> RenderableType:
    """The whole screen."""
    return Group(_tasks(scene), _production(scene), _story(scene))


def _tasks(scene: Scene) -> Table:
    table = Table(title=f"deploy queue · {scene.elapsed:.0f} s", title_justify="left", expand=True)
    for column in ("task", "title", "status", "staging", "production"):
        table.add_column(column, overflow="fold")
    for errand, title, status, deployments in scene.rows:
        cells = [_cell(deployments, name) for name in ("staging", "production")]
        table.add_row(errand.task, title, status, *cells)
    return table


def _cell(deployments: Sequence[Deployment], environment: str) -> Text:
    found = [one for one in deployments if one.environment == environment]
    if not found:
        return Text("–", style="dim")
    newest = found[0]
    if newest.outcome is not None:
        return Text(newest.outcome.value, style="green" if newest.outcome in GOOD else "bold red")
    return Text(newest.stage.value if newest.stage else newest.status.value, style="yellow")


def _production(scene: Scene) -> Panel:
    counts = scene.traffic
    lines = [_shares(scene.production)]
    p99 = f"{counts.p99:.0f} ms" if counts.p99 is not None else "–"
    style = "bold red" if counts.error_rate >= 0.5 else "default"
    lines.append(
        Text(f"{counts.rate:.0f} requests/s   errors {counts.error_rate:.2f} %   p99 {p99}", style=style)
    )
    lines.append(Text(f"served {counts.served:,}   failed {counts.failed:,}"))
    return Panel(Group(*lines), title="production, as its users see it", title_align="left")


def _shares(running: Running | None) -> Text:
    text = Text()
    if running is None or not running.weights:
        return Text("nothing serves yet", style="dim")
    for slot in running.slots:
        share = running.weights.get(slot.name, 0)
        version = slot.version.name if slot.version else "?"
        text.append("█" * round(BAR * share / 100), style=COLOURS.get(slot.name, "white"))
        text.append(f" {slot.name} {version} {share} %  ", style=COLOURS.get(slot.name, "white"))
    return text


def _story(scene: Scene) -> Panel:
    lines = [line(event) for event in scene.events[-EVENTS:]]
    return Panel(Group(*lines) if lines else Text(""), title="what happens", title_align="left")


def line(event: Event) -> Text:
    """One event as one line."""
    style = {
        "failed": "red",
        "verdict": "red" if event.data.get("verdict") == "fail" else "green",
        "blocked": "red",
        "undo": "yellow",
        "undone": "yellow",
    }.get(event.kind, "default")
    text = f"{event.deployment[-6:]} {event.stage or '':<16} {event.kind}: {event.text}"
    return Text(text.splitlines()[0] if text else "", style=style, no_wrap=True, overflow="ellipsis")
