"""Storage: a disk that does not take or give what is needed, told in words an operator can act on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrate.errors import OutsideFailed


@contextmanager
def stored(root: Path) -> Generator[None]:
    """What happens meanwhile below `root` fails by name. Raises OutsideFailed for any OSError."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError as problem:
        where = problem.filename or root
        raise OutsideFailed(
            f"{where}: {problem.strerror or problem}",
            cure=f"let the worker's user write below {root}, and see that its disk has room",
        ) from problem
