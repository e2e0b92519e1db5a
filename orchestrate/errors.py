"""Everything that can go wrong in words an operator can act on.

OrchestrateError
├── SettingsInvalid            the file orchestrate.yaml cannot be used
│   └── VariableMissing        a ${VAR} has no value
├── NotFound                   the thing asked for does not exist
│   ├── UnknownEnvironment · UnknownTask · UnknownChange
│   ├── UnknownVersion · UnknownDeployment · UnknownComponent · UnknownSecret
│   ├── UnknownComment · UnknownQuestion · UnknownWatch
├── Refused                    the request is understood, and the answer is no
│   ├── EnvironmentBusy · TaskClaimed · NotAllowed · EffectRefused · LeaseLost · AlreadyDecided
│   └── CheckNotMade           a check at the door could not be made, and is made again
├── OutsideFailed              the outside world did not do what it was asked
│   ├── CommandFailed · BuildFailed · StartFailed · MergeRefused · MergeConflict · HeadMoved
│   ├── MigrationFailed · BackupFailed · ProgramMissing · PortTaken
│   ├── Unreachable            no usable answer came: it is asked again
│   │   ├── RateLimited        it was asked too often, and did nothing
│   │   ├── TrackerSilent      before anything has begun: it is waited for, for hours
│   │   └── MergeQueued        the merge waits in the forge's queue
│   └── AccessDenied           it does not let us in: a person must look
├── OutcomeUnknown             nobody can say whether an effect happened
├── EffectsStopped             no effect may begin now; what was refused waits
│   └── AuditUnusable          because the audit cannot be written, or was tampered with
├── StoreUnusable              the database is locked, read-only, corrupt, or from another version
├── KeyUnusable                the master key is missing, too widely readable, or not the right one
├── SealBroken                 sealed data was changed, belongs elsewhere, or was never sealed
├── PromptInvalid              a prompt file cannot be used
└── ModelFailed                a model gave no usable answer
    ├── ModelBusy              it may answer when it is asked again
    ├── ModelAway              it will not answer before somebody does something
    └── PurseEmpty             what may be spent on it is spent
"""

from __future__ import annotations

from collections.abc import Sequence


class OrchestrateError(Exception):
    """Something went wrong that the product knows how to name."""

    cure: str = ""

    def __init__(self, message: str, *, cure: str = "") -> None:
        self.cure = cure or type(self).cure
        super().__init__(message)


def with_cure(problem: OrchestrateError) -> str:
    """What went wrong, and what helps where that is known."""
    return f"{problem} ({problem.cure})" if problem.cure else str(problem)


class SettingsInvalid(OrchestrateError):
    """orchestrate.yaml cannot be used."""

    def __init__(self, file: str, line: int | None, problem: str, *, cure: str = "") -> None:
        self.file, self.line, self.problem = file, line, problem
        where = f"{file}:{line}" if line is not None else file
        super().__init__(f"{where}: {problem}", cure=cure)


class VariableMissing(SettingsInvalid):
    """A ${VAR} in the settings has no value."""

    def __init__(self, file: str, line: int | None, name: str) -> None:
        self.name = name
        super().__init__(file, line, f"${{{name}}} is not set", cure=f"export {name}=…")


class NotFound(OrchestrateError):
    """The thing asked for does not exist."""

    what = "thing"

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        self.name, self.known = name, tuple(known)
        among = f" (known: {', '.join(known)})" if known else ""
        super().__init__(f"there is no {self.what} {name!r}{among}")


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


class Refused(OrchestrateError):
    """The request is understood, and the answer is no."""


class EnvironmentBusy(Refused):
    """Another deployment holds the environment."""

    def __init__(self, environment: str, holder: str) -> None:
        self.environment, self.holder = environment, holder
        super().__init__(
            f"{environment} is held by deployment {holder}",
            cure=f"wait for it (orchestrate deploy status {holder}), or run without --no-wait",
        )


class TaskClaimed(Refused):
    """Another deployment already works on the task."""

    def __init__(self, task: str, deployment: str) -> None:
        self.task, self.deployment = task, deployment
        super().__init__(
            f"task {task} is being deployed by {deployment}",
            cure=f"follow it with: orchestrate deploy status {deployment}",
        )


class NotAllowed(Refused):
    """This person may not do this."""


class EffectRefused(Refused):
    """A check at the door to effects said no."""

    def __init__(self, effect: str, reason: str) -> None:
        self.effect, self.reason = effect, reason
        super().__init__(f"{effect} refused: {reason}")


class CheckNotMade(EffectRefused):
    """A check at the door could not be made, because something outside did not answer."""


class LeaseLost(Refused):
    """Another worker drives this deployment now."""

    def __init__(self, deployment: str, token: int) -> None:
        self.deployment, self.token = deployment, token
        super().__init__(f"deployment {deployment}: lease {token} is no longer current")


class AlreadyDecided(Refused):
    """The question was answered before, or is not open."""


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


class Unreachable(OutsideFailed):
    """No answer, or no usable one, came; `retry_after`: seconds, when it said when to come back."""

    cure = "see that it is up, and that this machine reaches it"

    def __init__(self, message: str, *, cure: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, cure=cure)


class RateLimited(Unreachable):
    """It was asked too often, and did not do what it was asked."""


class TrackerSilent(Unreachable):
    """The tracker does not answer, and nothing has begun that could not wait for it."""


class MergeQueued(Unreachable):
    """The forge took the change into its merge queue, and is not through with it: it is looked at again."""


class AccessDenied(OutsideFailed):
    """It does not know us (401), or does not let us do this (403); asking again does not help."""

    cure = "renew the token or its rights, and deploy again"


class OutcomeUnknown(OrchestrateError):
    """Nobody can say whether an effect happened; a person must look."""

    cure = "look whether it happened; what did is not done again"


class EffectsStopped(OrchestrateError):
    """No effect may begin now; what was refused waits until it may."""

    cure = "orchestrate allow-effects lets them begin again"


class AuditUnusable(EffectsStopped):
    """The audit cannot be written, or does not go on from where it ended; without it nothing is done."""

    cure = "orchestrate audit verify tells what is wrong; orchestrate audit anchor goes on from what is there"

    def __init__(self, why: str) -> None:
        super().__init__(f"the audit cannot be relied on: {why}")


class StoreUnusable(OrchestrateError):
    """The database is locked, read-only, corrupt, full, or from another version."""


class KeyUnusable(OrchestrateError):
    """The master key is missing, readable by others, or not the one that was used."""


class SealBroken(OrchestrateError):
    """Sealed data was changed, belongs to another row, or was never sealed."""


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


class PromptInvalid(OrchestrateError):
    """A prompt file cannot be used."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        self.file, self.line, self.problem = file, line, problem
        super().__init__(f"{file}:{line}: {problem}")
