"""Loading: from orchestrate.yaml to frozen settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrate.errors import SettingsInvalid
from orchestrate.models.environment import Environment, EnvironmentType
from orchestrate.models.rehearsed import expected
from orchestrate.settings.checks import check_flow, check_name, check_people, check_promotion
from orchestrate.settings.deployer import read_deployer
from orchestrate.settings.environment import Surroundings, read_environment, read_secrets, template
from orchestrate.settings.facts import DeployerSettings
from orchestrate.settings.faults import check_keys
from orchestrate.settings.forge import read_forge
from orchestrate.settings.mcp import read_mcp
from orchestrate.settings.models import read_models
from orchestrate.settings.owners import read_owners
from orchestrate.settings.sections import (
    Outline,
    read_outline,
    read_people,
    read_store,
    read_vault,
    read_worker,
)
from orchestrate.settings.settings import Settings, Template, known_as
from orchestrate.settings.slack import read_slack
from orchestrate.settings.tracker import check_accounts, read_tracker
from orchestrate.settings.tree import Document
from orchestrate.settings.variables import variable
from orchestrate.settings.webhooks import read_webhooks
from orchestrate.settings.work import read_memory, read_reservations
from orchestrate.settings.yaml_file import MISSING, read

NAME = "orchestrate.yaml"
POINTER = "ORCHESTRATE_CONFIG"
SECTIONS = (
    *Outline.model_fields,
    "store",
    "vault",
    "tracker",
    "forge",
    "people",
    "owners",
    "worker",
    "models",
    "slack",
    "memory",
    "reservations",
    "webhooks",
    "mcp",
    "roles",
    "environments",
)


def find(start: Path) -> Path:
    """The orchestrate.yaml of `start` or of the nearest folder above it; ORCHESTRATE_CONFIG names another.

    Raises SettingsInvalid when there is none.
    """
    named = variable(POINTER)
    if named:
        return _named(Path(named).expanduser().absolute())
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return folder / NAME
    raise SettingsInvalid(
        str(here / NAME), None, "there is no such file, here or in a folder above", cure=MISSING
    )


def _named(path: Path) -> Path:
    if not path.is_file():
        raise SettingsInvalid(str(path), None, f"there is no such file; {POINTER} names it", cure=MISSING)
    return path


def load(path: Path) -> Settings:
    """Read and check a settings file. Raises SettingsInvalid with the line at fault, VariableMissing."""
    document = read(path.absolute())
    check_keys(document, (), document.keys_at(), SECTIONS)
    outline, deployer, people = read_outline(document), read_deployer(document), read_people(document)
    environments = _environments(document, outline, deployer)
    flow = tuple(known_as(name, environments) for name in outline.flow) or _usual_way(environments)
    check_flow(document, flow, [*environments])
    environments = {name: _promoted(document, flow, one) for name, one in environments.items()}
    check_promotion(document, environments)
    environments = {name: expected(one, environments.values()) for name, one in environments.items()}
    check_people(document, people, environments.values())
    models, key = read_models(document, [*environments])
    forge, forge_key = read_forge(document, [*environments])
    tracker, tracker_token = read_tracker(document, deployer, [*environments])
    check_accounts(document, tracker, people)
    slack, slack_keys = read_slack(document, [*environments])
    reservations, reservations_token = read_reservations(document, [*environments])
    mcp, mcp_token = read_mcp(document, [*environments])
    webhooks, webhook_keys = read_webhooks(document, [*environments])
    return Settings(
        path=document.path,
        mtime=document.mtime,
        service=outline.service,
        store=read_store(document),
        vault=read_vault(document),
        tracker=tracker,
        tracker_token=tracker_token,
        forge=forge,
        forge_key=forge_key,
        people=people,
        owners=read_owners(document, people),
        workspaces=document.path.parent / Path(outline.workspaces).expanduser(),
        flow=flow,
        worker=read_worker(document, deployer),
        deployer=deployer,
        environments=environments,
        templates={name: _templates(document, name) for name in environments},
        models=models,
        model_key=key,
        slack=slack,
        slack_keys=slack_keys,
        memory=read_memory(document),
        reservations=reservations,
        reservations_token=reservations_token,
        mcp=mcp,
        mcp_token=mcp_token,
        webhooks=webhooks,
        webhook_keys=webhook_keys,
    )


def _usual_way(environments: Mapping[str, Environment]) -> tuple[str, ...]:
    """Where no flow is written: dev, then staging, then production, each in the order of the file."""
    rank = list(EnvironmentType)
    return tuple(sorted(environments, key=lambda name: rank.index(environments[name].type)))


def _environments(
    document: Document, outline: Outline, deployer: DeployerSettings
) -> Mapping[str, Environment]:
    around = Surroundings(outline.service, document.path.parent, deployer)
    names = document.keys_at("environments")
    if not names:
        raise document.fault(("environments",), "environments: expected at least one, by name")
    for name in names:
        check_name(document, ("environments", name), name)
    return {name: read_environment(document, name, around) for name in names}


def _promoted(document: Document, flow: Sequence[str], environment: Environment) -> Environment:
    """Production takes what the environment before it in the flow ran, unless the file says otherwise."""
    name = environment.name
    is_said = "promoted_from" in document.keys_at("environments", name, "gates")
    is_first = name not in flow[1:]
    if is_said or is_first or environment.type is not EnvironmentType.PRODUCTION:
        return environment
    gates = environment.gates.model_copy(update={"promoted_from": flow[flow.index(name) - 1]})
    return environment.model_copy(update={"gates": gates})


def _templates(document: Document, name: str) -> Mapping[str, Template]:
    secrets = read_secrets(document, name)
    return {key: template(tree) for key, tree in secrets.items()}
