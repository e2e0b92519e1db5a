"""The models section: who is asked for advice, for how much, and where the key to it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from orchestrate.settings.credentials import check_private, read_credential, without_credentials
from orchestrate.settings.deployer import layered
from orchestrate.settings.facts import ModelSettings, Price
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document, Plain
from orchestrate.settings.units import MODELS, measure
from orchestrate.settings.yaml_file import read

DEFAULTS = Path(__file__).parents[2] / "agents" / "config" / "models.yaml"
KEY = "key"
_LOC = ("models",)
_EXAMPLE = "${ANTHROPIC_API_KEY}"


def read_models(
    document: Document, environments: Collection[str]
) -> tuple[ModelSettings | None, Template | None]:
    """Which models are asked, and where the key is; nothing where the file says nothing.

    Whether the key has a value is not asked here: without it, stand-ins do the work. Raises SettingsInvalid.
    """
    found = document.find(*_LOC)
    if found is None or found.value is None:
        return None, None
    check_keys(document, _LOC, document.keys_at(*_LOC), [KEY, *ModelSettings.model_fields])
    key = read_credential(document, (*_LOC, KEY), environments, _EXAMPLE)
    models = parsed(document, _LOC, ModelSettings, layered(_given(read(DEFAULTS)), _given(document)))
    check_private(document, (*_LOC, "base_url"), models.base_url)
    for tier in ("fast", "standard", "deep"):
        name = str(getattr(models, tier))
        if name not in models.prices:
            said = f"{tier}: {name!r} has no price; known: {', '.join(sorted(models.prices))}"
            what = ", ".join(f"{part}: CENTS" for part in Price.model_fields)
            cure = f"add {name}: {{{what}}} to prices"
            raise document.fault((*_LOC, tier), said, cure=cure)
    return models, key


def _given(document: Document) -> Plain:
    section = without_credentials(document, _LOC, (KEY,))
    measure(document, _LOC, section, MODELS)
    return section
