"""What is wrong with ourselves: settings, prompts, the store, keys and the audit."""

from __future__ import annotations

from orchestrate.errors.root import OrchestrateError


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


class PromptInvalid(OrchestrateError):
    """A prompt file cannot be used."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        self.file, self.line, self.problem = file, line, problem
        super().__init__(f"{file}:{line}: {problem}")


class StoreUnusable(OrchestrateError):
    """The database is locked, read-only, corrupt, full, or from another version."""


class KeyUnusable(OrchestrateError):
    """The master key is missing, readable by others, or not the one that was used."""


class SealBroken(OrchestrateError):
    """Sealed data was changed, belongs to another row, or was never sealed."""


class EffectsStopped(OrchestrateError):
    """No effect may begin now; what was refused waits until it may."""

    cure = "orchestrate allow-effects lets them begin again"


class AuditUnusable(EffectsStopped):
    """The audit cannot be written, or does not go on from where it ended; without it nothing is done."""

    cure = "orchestrate audit verify tells what is wrong; orchestrate audit anchor goes on from what is there"

    def __init__(self, why: str) -> None:
        super().__init__(f"the audit cannot be relied on: {why}")
