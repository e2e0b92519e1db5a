"""The scene of a command: its settings, its store, and the assembled product, opened when needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orchestrate.cli.importing import importing

if TYPE_CHECKING:
    from orchestrate.app import App
    from orchestrate.settings import Settings
    from orchestrate.store import Store


@dataclass
class Scene:
    """What one command works with; `folder` and `deployment` are for what is said when it ends badly."""

    config: Path | None = None
    folder: Path | None = None
    deployment: str | None = None

    def settings(self) -> Settings:
        """The settings, whole and checked. Raises SettingsInvalid."""
        from orchestrate.cli.glance import remember
        from orchestrate.settings import find, load

        settings = load(self.config or find(Path.cwd()))
        file = store_file(settings)
        self.folder = file.parent if file else None
        remember(settings)
        return settings

    @contextmanager
    def store(self) -> Generator[Store]:
        """The store of the settings, with this version's tables. Raises SettingsInvalid, StoreUnusable."""
        with opened(self.settings()) as store:
            yield store

    @asynccontextmanager
    async def app(self, settings: Settings | None = None) -> AsyncGenerator[App]:
        """Everything, put together; what libraries say goes to a file. Raises what `store` raises."""
        with importing():
            from orchestrate.app import assembled
            from orchestrate.cli.hush import hushed

        settings = settings or self.settings()
        with hushed(self.folder):
            async with assembled(settings) as app:
                yield app

    def on_stop(self) -> str:
        """What a person who stopped the command should know about what goes on."""
        if self.deployment is None:
            return ""
        return (
            f"; deployment {self.deployment} goes on when a worker runs (orchestrate worker); "
            f"follow it with: orchestrate deploy status {self.deployment}"
        )


def scene_of(ctx: typer.Context) -> Scene:
    """The scene of this run of the program."""
    return ctx.ensure_object(Scene)


@contextmanager
def opened(settings: Settings) -> Generator[Store]:
    """The store of these settings."""
    from orchestrate.store import Store

    store = Store.open(settings.store.url, home=settings.path.parent / ".orchestrate")
    try:
        store.upgrade()
        yield store
    finally:
        store.close()


def store_file(settings: Settings) -> Path | None:
    """The file of a SQLite store."""
    path = settings.store.url.removeprefix("sqlite:///")
    return None if path == settings.store.url else Path(path)
