"""The view: where each change is, who is served by which version, and how the customers fare, as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrate.analysis.series import quantile, totals
from orchestrate.analysis.words import percent
from orchestrate.demo.chapters import chapter
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.prepare import Errand
from orchestrate.demo.story import Line, Tone
from orchestrate.models.deployment import Deployment, ForApproval, ForTime, ForTurn, Outcome, Stage
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Sample
from orchestrate.models.watch import Watch

BAR = 20
MARKS = ("█", "▒", "░")
COLOURS = {"blue": "blue", "green": "green"}
STYLES = {Tone.GOOD: "green", Tone.BAD: "red", Tone.NOTE: "bold", Tone.PLAIN: ""}
GOES_BACK = (Stage.ROLL_BACK, Stage.VERIFY_ROLLBACK)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything the view shows, read at one moment."""

    rows: Sequence[tuple[Errand, str, Sequence[Deployment]]]  # errand, title, deployments, newest first
    production: Running | None
    watch: Watch | None  # the open one in production, with its samples
    samples: Sequence[Sample]
    traffic: TrafficCounts
    url: str
    elapsed: float


def drawn(scene: Scene) -> RenderableType:
    """The whole view: twelve lines, whatever happens."""
    return Group(Text(), _changes(scene), Text(), _production(scene))


def clock(seconds: float) -> str:
    """Minutes and seconds: 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def row(line: Line, began: float) -> Table:
    """A line of the story whose text stays in its column."""
    grid = Table.grid(padding=(0, 2))
    for width in (5, 8, 10):
        grid.add_column(width=width, no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    when = f"{clock(max(0.0, line.at - began)):>5}"
    grid.add_row(when, line.who, line.where, Text(line.text, style=STYLES[line.tone]))
    return grid


def plain(line: Line, began: float) -> str:
    """The same for a file or a pipe."""
    when = clock(max(0.0, line.at - began))
    return f"{when:>5}  {line.who:<8}  {line.where:<10}  {line.text}"


def _changes(scene: Scene) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(clock(scene.elapsed), width=8, no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("staging", "production"):
        table.add_column(name, width=16, no_wrap=True)
    for errand, title, deployments in scene.rows:
        cells = [_cell(deployments, name, scene.watch) for name in ("staging", "production")]
        table.add_row(chapter(errand.name).label, title, *cells)
    return table


def _cell(deployments: Sequence[Deployment], environment: str, watch: Watch | None) -> Text:
    newest = next((one for one in deployments if one.environment == environment), None)
    if newest is None:
        return Text("–", style="dim")
    if newest.outcome is None:
        return Text(_doing(newest, watch), style="yellow")
    style = "green" if newest.outcome is Outcome.DEPLOYED else "red"
    return Text(newest.outcome.replace("_", " "), style=style)


def _doing(row: Deployment, watch: Watch | None) -> str:
    match row.waits_for:
        case ForApproval():
            return "asks a person"
        case ForTime() if watch is not None and watch.deployment == row.id:
            return f"watched at {watch.share} %"
        case ForTime():
            return "watched"
        case ForTurn():
            return "waits its turn"
        case _:
            return "goes back" if row.stage in GOES_BACK else (row.stage or row.status).replace("_", " ")


def _production(scene: Scene) -> Table:
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(width=10, no_wrap=True, style="dim")
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_row("production", _bar(scene.production) or Text(f"nothing serves on {scene.url} yet", "dim"))
    grid.add_row("customers", _customers(scene.traffic))
    slots = [*_slots(scene), ("", Text()), ("", Text())]
    for name, text in slots[:2]:
        grid.add_row(name, text)
    return grid


def _bar(running: Running | None) -> Text | None:
    shared = [slot for slot in running.slots if running.weights.get(slot.name)] if running else []
    if running is None or not shared:
        return None
    bar, words = Text(), Text()
    for mark, slot in zip(MARKS, shared, strict=False):
        share, colour = running.weights[slot.name], COLOURS.get(slot.name, "white")
        bar.append(mark * max(1, round(BAR * share / 100)), style=colour)
        words.append(f"  {mark} {_name(slot)} {share} %", style=colour)
    return bar.append_text(words)


def _name(slot: Slot) -> str:
    return f"{slot.name} {slot.version.name[:8] if slot.version else '?'}"


def _customers(counts: TrafficCounts) -> Text:
    p99 = f"p99 {counts.p99:.0f} ms" if counts.p99 is not None else "p99 –"
    text = Text(f"{counts.rate:.0f} requests/s  ")
    text.append(f"{counts.error_rate:.2f} % fail", style="bold red" if counts.error_rate else "")
    text.append(f"  {p99}")
    return text.append(f"   served {counts.served:,}, failed {counts.failed:,}", style="dim")


def _slots(scene: Scene) -> Iterator[tuple[str, Text]]:
    """What was measured of the new version and of the old one, since the watch began."""
    if scene.watch is None:
        return
    for name, slot in (("new", scene.watch.slot), ("old", scene.watch.baseline)):
        if slot is None:
            continue
        sums = totals([one for one in scene.samples if one.slot == slot])
        p99 = quantile(sums.buckets, 0.99)
        bad = percent(sums.errors, sums.requests)
        said = f"{slot}: {sums.requests:,} requests, {bad} failed, p99 {f'{p99:.0f} ms' if p99 else '–'}"
        yield f"  {name}", Text(said, style="bold red" if sums.errors else "")
