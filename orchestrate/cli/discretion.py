"""Discretion: what Python itself writes of this process, logs and tracebacks, holds no secret either."""

from __future__ import annotations

import logging
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from orchestrate.redaction import without_secrets


def be_discreet() -> None:
    """From now on, whatever logs or fails in this process does it without secrets; and no core is dumped.

    Programs that are started from here may ask for core dumps again: it is the soft limit that is lowered.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    made = logging.getLogRecordFactory()
    if not isinstance(made, DiscreetRecords):
        logging.setLogRecordFactory(DiscreetRecords(made))
    sys.excepthook = _tell
    threading.excepthook = _tell_of_thread


class DiscreetRecords:
    """Makes log records whose words and tracebacks are without secrets, whatever handler writes them."""

    def __init__(self, made: Callable[..., logging.LogRecord]) -> None:
        self._made = made

    def __call__(self, *words: object, **named: object) -> logging.LogRecord:
        record = self._made(*words, **named)
        record.msg, record.args = without_secrets(_message(record)), ()
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            record.exc_text = without_secrets("".join(traceback.format_exception(*record.exc_info))).rstrip()
        return record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # words that do not fit their form: logging itself would only complain
        return str(record.msg)


def _tell(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, problem, trace))
    sys.stderr.write(without_secrets(text))


def _tell_of_thread(hooked: threading.ExceptHookArgs) -> None:
    if hooked.exc_value is not None and hooked.exc_type is not SystemExit:
        _tell(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)
