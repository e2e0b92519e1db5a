"""One readable line per thing that happened, on stdout; stack traces on stderr."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime


def say(level: str, what: str, **facts: object) -> None:
    """Write `time level what key=value …`."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    words = " ".join(f"{name}={value}" for name, value in facts.items())
    sys.stdout.write(f"{now} {level} {what} {words}\n")
    sys.stdout.flush()


def trace(error: BaseException) -> None:
    """Write the stack trace of `error`."""
    sys.stderr.write("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    sys.stderr.flush()
