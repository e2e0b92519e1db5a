"""Which version this is."""

from __future__ import annotations

from orchestrate.cli.output import AsJson, Output


def version(as_json: AsJson = False) -> None:
    """Which version of orchestrate this is."""
    out = Output(as_json)
    out.say(f"orchestrate {number()}")
    out.result({"version": number()})


def number() -> str:
    """The version of the installed package."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version("orchestrate")
    except PackageNotFoundError:
        return "unknown (not installed)"
