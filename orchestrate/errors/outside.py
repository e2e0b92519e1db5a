"""What the outside world, or a model, did not do as it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors.root import OrchestrateError


class OutsideFailed(OrchestrateError):
    """The outside world did not do what it was asked."""


class CommandFailed(OutsideFailed):
    """A program ended badly, or did not end in time."""

    def __init__(self, argv: Sequence[str], code: int | None, output: str) -> None:
        self.argv, self.code, self.output = tuple(argv), code, output
        how = "did not end in time" if code is None else f"ended with {code}"
        last = "\n".join(output.strip().splitlines()[-12:])
        super().__init__(f"{' '.join(argv)} {how}: {last}" if last else f"{' '.join(argv)} {how}")


class BuildFailed(OutsideFailed):
    """A version could not be built."""


class StartFailed(OutsideFailed):
    """Instances of a version did not become healthy."""


class NoRoom(StartFailed):
    """A quota, a limit of the plan or the capacity of the place leaves nothing for it."""

    cure = "make room, or have the quota or the plan raised, and deploy again"


class MergeRefused(OutsideFailed):
    """The forge will not merge; its own reason is kept."""


class MergeConflict(MergeRefused):
    """The change and its base disagree."""

    def __init__(self, change: str, files: Sequence[str]) -> None:
        self.change, self.files = change, tuple(files)
        super().__init__(f"change {change} conflicts with its base in {', '.join(files)}")


class HeadMoved(MergeRefused):
    """The head or the base is not what was reviewed and approved."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        self.what, self.expected, self.found = what, expected, found
        super().__init__(f"{what} is {found[:12]}, approved was {expected[:12]}")


class MigrationFailed(OutsideFailed):
    """A migration did not apply, or the target does not show it."""


class BackupFailed(OutsideFailed):
    """A backup could not be taken, or its restore did not match."""


class ProgramMissing(OutsideFailed):
    """A program that is needed is not installed."""

    def __init__(self, program: str, cure: str) -> None:
        self.program = program
        super().__init__(f"{program} is not installed", cure=cure)


class PortTaken(OutsideFailed):
    """Something else listens on the port."""

    def __init__(self, port: int, *, cure: str = "") -> None:
        self.port = port
        super().__init__(
            f"port {port} is taken by another program",
            cure=cure or f"stop what listens on {port}, or choose another port in orchestrate.yaml",
        )


class NameTaken(OutsideFailed):
    """Something that is not ours has the name that is needed."""


class ImageMissing(OutsideFailed):
    """An image that was there, or should be, is not to be had."""


class ImageAwaited(ImageMissing):
    """The registry has no image of the version, or none yet: who makes it may still be at it."""


class DigestDiffers(OutsideFailed):
    """What is there is not what was built, approved or asked for."""


class ChangedMeanwhile(OutsideFailed):
    """Somebody else changed what was to be changed, after we had looked at it."""

    cure = "see who changes it, and deploy again"


class Unreachable(OutsideFailed):
    """No answer, or no usable one, came; `retry_after`: seconds, when it said when to come back."""

    cure = "see that it is up, and that this machine reaches it"

    def __init__(self, message: str, *, cure: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, cure=cure)


class RateLimited(Unreachable):
    """It was asked too often, and did not do what it was asked."""


class AnswerLost(Unreachable):
    """A write was sent, and what came of it was not told: it must be read back."""


class TrackerSilent(Unreachable):
    """The tracker does not answer, and nothing has begun that could not wait for it."""


class MergeQueued(Unreachable):
    """The forge took the change into its merge queue, and is not through with it: it is looked at again."""


class AccessDenied(OutsideFailed):
    """It does not know us (401), or does not let us do this (403); asking again does not help."""

    cure = "renew the token or its rights, and deploy again"


class CredentialsExpired(AccessDenied):
    """We were known until a moment ago: what we are known by has run out, in the middle of the work."""


class ObjectMissing(OutsideFailed):
    """What the settings name is not there."""


class OutcomeUnknown(OrchestrateError):
    """Nobody can say whether an effect happened; a person must look."""

    cure = "look whether it happened; what did is not done again"


class ModelFailed(OrchestrateError):
    """A model gave no usable answer."""


class ModelBusy(ModelFailed):
    """No answer came, and one may when it is asked again; `after`: in so many seconds, where it said so."""

    def __init__(self, message: str, *, cure: str = "", after: float = 0.0) -> None:
        self.after = after
        super().__init__(message, cure=cure)


class ModelAway(ModelFailed):
    """The key, the model or the address is not right: asking again does not help."""

    cure = "orchestrate doctor tells what is wrong with the models"


class PurseEmpty(ModelFailed):
    """The deployment, or the role in it, may not spend what the question could cost."""

    cure = "raise budget in the models section, or do without"
