"""What was asked for, and does not exist."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors.root import OrchestrateError


class NotFound(OrchestrateError):
    """The thing asked for does not exist."""

    what = "thing"

    def __init__(self, name: str, known: Sequence[str] = (), *, cure: str = "") -> None:
        self.name, self.known = name, tuple(known)
        among = f" (known: {', '.join(known)})" if known else ""
        super().__init__(f"there is no {self.what} {name!r}{among}", cure=cure)


class UnknownEnvironment(NotFound):
    """No environment has this name."""

    what = "environment"


class UnknownTask(NotFound):
    """No task has this id."""

    what = "task"


class UnknownChange(NotFound):
    """No change has this id."""

    what = "change"


class UnknownVersion(NotFound):
    """No commit, tag or release has this name."""

    what = "version"


class NoVersionYet(UnknownVersion):
    """None was named, and nothing has happened yet that would tell which one."""

    def __init__(self, said: str, *, cure: str) -> None:
        super().__init__("", cure=cure)
        self.args = (said,)


class UnknownDeployment(NotFound):
    """No deployment has this id."""

    what = "deployment"


class UnknownComponent(NotFound):
    """The environment has no component of this name."""

    what = "component"


class UnknownSecret(NotFound):
    """The environment names no such secret."""

    what = "secret"


class UnknownComment(NotFound):
    """No comment has this id."""

    what = "comment"


class UnknownQuestion(NotFound):
    """No question has this id."""

    what = "question"


class UnknownWatch(NotFound):
    """No watch has this id."""

    what = "watch"


class UnknownLearning(NotFound):
    """Nothing was learnt under this key."""

    what = "learning"
