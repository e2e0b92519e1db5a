"""Everything that can go wrong in words an operator can act on.

OrchestrateError
├── SettingsInvalid            the file orchestrate.yaml cannot be used
│   └── VariableMissing        a ${VAR} has no value
├── NotFound                   the thing asked for does not exist
│   ├── UnknownEnvironment · UnknownTask · UnknownChange
│   ├── UnknownVersion (NoVersionYet) · UnknownDeployment · UnknownComponent · UnknownSecret
│   ├── UnknownComment · UnknownQuestion · UnknownWatch · UnknownLearning
├── Refused                    the request is understood, and the answer is no
│   ├── EnvironmentBusy · TaskClaimed · NotAllowed · EffectRefused · LeaseLost · AlreadyDecided
│   └── CheckNotMade           a check at the door could not be made, and is made again
├── OutsideFailed              the outside world did not do what it was asked
│   ├── CommandFailed · BuildFailed · StartFailed (NoRoom) · MergeRefused · MergeConflict · HeadMoved
│   ├── MigrationFailed · BackupFailed · ProgramMissing · PortTaken
│   ├── NameTaken · ImageMissing (ImageAwaited) · DigestDiffers · ObjectMissing · ChangedMeanwhile
│   ├── Unreachable            no usable answer came: it is asked again
│   │   ├── RateLimited        it was asked too often, and did nothing
│   │   ├── AnswerLost         a write was sent, and must be read back
│   │   ├── TrackerSilent      before anything has begun: it is waited for, for hours
│   │   └── MergeQueued        the merge waits in the forge's queue
│   └── AccessDenied           it does not let us in: a person must look
│       └── CredentialsExpired it let us in until a moment ago
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

from orchestrate.errors.ours import (
    AuditUnusable,
    EffectsStopped,
    KeyUnusable,
    PromptInvalid,
    SealBroken,
    SettingsInvalid,
    StoreUnusable,
    VariableMissing,
)
from orchestrate.errors.outside import (
    AccessDenied,
    AnswerLost,
    BackupFailed,
    BuildFailed,
    ChangedMeanwhile,
    CommandFailed,
    CredentialsExpired,
    DigestDiffers,
    HeadMoved,
    ImageAwaited,
    ImageMissing,
    MergeConflict,
    MergeQueued,
    MergeRefused,
    MigrationFailed,
    ModelAway,
    ModelBusy,
    ModelFailed,
    NameTaken,
    NoRoom,
    ObjectMissing,
    OutcomeUnknown,
    OutsideFailed,
    PortTaken,
    ProgramMissing,
    PurseEmpty,
    RateLimited,
    StartFailed,
    TrackerSilent,
    Unreachable,
)
from orchestrate.errors.refused import (
    AlreadyDecided,
    CheckNotMade,
    EffectRefused,
    EnvironmentBusy,
    LeaseLost,
    NotAllowed,
    Refused,
    TaskClaimed,
)
from orchestrate.errors.root import (
    OrchestrateError,
    with_cure,
)
from orchestrate.errors.unknown import (
    NotFound,
    NoVersionYet,
    UnknownChange,
    UnknownComment,
    UnknownComponent,
    UnknownDeployment,
    UnknownEnvironment,
    UnknownLearning,
    UnknownQuestion,
    UnknownSecret,
    UnknownTask,
    UnknownVersion,
    UnknownWatch,
)

__all__ = [
    "NameTaken",
    "ImageAwaited",
    "ImageMissing",
    "DigestDiffers",
    "AccessDenied",
    "AlreadyDecided",
    "AnswerLost",
    "AuditUnusable",
    "BackupFailed",
    "BuildFailed",
    "ChangedMeanwhile",
    "CheckNotMade",
    "CommandFailed",
    "CredentialsExpired",
    "EffectRefused",
    "EffectsStopped",
    "EnvironmentBusy",
    "HeadMoved",
    "KeyUnusable",
    "LeaseLost",
    "MergeConflict",
    "MergeQueued",
    "MergeRefused",
    "MigrationFailed",
    "ModelAway",
    "ModelBusy",
    "ModelFailed",
    "NoRoom",
    "NotAllowed",
    "NotFound",
    "ObjectMissing",
    "OrchestrateError",
    "OutcomeUnknown",
    "OutsideFailed",
    "PortTaken",
    "ProgramMissing",
    "PromptInvalid",
    "PurseEmpty",
    "RateLimited",
    "Refused",
    "SealBroken",
    "SettingsInvalid",
    "StartFailed",
    "StoreUnusable",
    "TaskClaimed",
    "TrackerSilent",
    "UnknownChange",
    "UnknownComment",
    "UnknownComponent",
    "UnknownDeployment",
    "UnknownEnvironment",
    "UnknownLearning",
    "UnknownQuestion",
    "UnknownSecret",
    "UnknownTask",
    "NoVersionYet",
    "UnknownVersion",
    "UnknownWatch",
    "Unreachable",
    "VariableMissing",
    "with_cure",
]
