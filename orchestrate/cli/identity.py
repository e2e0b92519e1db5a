"""Identity: who types, as the operating system knows them."""

from __future__ import annotations

import os
import pwd

from orchestrate.identity import MAY_OVERRULE, Identity
from orchestrate.models.environment import Channel
from orchestrate.settings import Settings

__all__ = ["MAY_OVERRULE", "Identity", "identity", "login"]


def login() -> str:
    """The user that this process runs as; variables of the process have no say in it."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user that no file names
        return f"uid {number}"


def identity(settings: Settings) -> Identity:
    """Who types."""
    user = login()
    return Identity(user, settings.person(Channel.CLI, user))
