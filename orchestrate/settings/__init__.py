"""Settings: the one place that reads orchestrate.yaml and the variables of the process."""

from orchestrate.settings.facts import DeployerSettings as DeployerSettings
from orchestrate.settings.facts import ForgeSettings as ForgeSettings
from orchestrate.settings.facts import StoreSettings as StoreSettings
from orchestrate.settings.facts import TrackerSettings as TrackerSettings
from orchestrate.settings.facts import VaultSettings as VaultSettings
from orchestrate.settings.facts import WorkerSettings as WorkerSettings
from orchestrate.settings.load import Settings as Settings
from orchestrate.settings.load import find as find
from orchestrate.settings.load import load as load
from orchestrate.settings.variables import variable as variable
