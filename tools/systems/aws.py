"""AWS: the one door to its services, as the identity that the settings name and no other."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol, cast, runtime_checkable

from orchestrate.errors import AccessDenied, ProgramMissing, RateLimited
from orchestrate.models.aws import Aws
from tools.systems.aws_calls import Call
from tools.systems.aws_errors import is_of_aws, problem

Json = dict[str, object]
Secrets = Callable[[str], str]

CONNECT, READ = 5, 20  # seconds
LOOKS = 4  # how often what only looks is asked, when it is throttled or not answered
PAUSES = (1.0, 2.0, 4.0)  # seconds before a change that was throttled, and so not made, is asked for again
FALL_BACKS = ("env", "container-role", "iam-role", "boto-config", "ec2-credentials-file")
"""Ways to credentials that nobody named: variables of the process, and the machine's own role."""

ALONE: Mapping[str, object] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""With keys of ours, no file or variable of this machine has a say (name, variable, default, kind)."""


@runtime_checkable
class Stream(Protocol):
    """What comes of an object's contents before they are read."""

    def read(self) -> bytes: ...


class Client(Protocol):
    """A service's client, of which one call is made at a time by its name."""

    def close(self) -> None:
        """Give its connections back."""
        ...


class Credentials(Protocol):
    """Who finds credentials: the chain, one of whose links can be taken out."""

    def remove(self, name: str) -> None:
        """Take a link out; ValueError where it has none of that name."""
        ...


class Session(Protocol):
    """The little that is asked of botocore's session."""

    def set_config_variable(self, logical_name: str, value: object) -> None: ...
    def set_credentials(self, access_key: str, secret_key: str, token: str | None = None) -> None: ...
    def register_component(self, name: str, component: object) -> None: ...
    def get_component(self, name: str) -> Credentials: ...
    def create_client(self, service_name: str, **words: object) -> Client: ...


Key = tuple[str, str, bool]  # service, secrets, whether it changes something


class Account:
    """Makes calls as one identity; clients are kept until the secrets behind them change."""

    def __init__(self, settings: Aws, secrets: Secrets | None) -> None:
        self._settings, self._secrets = settings, secrets
        self._clients: dict[Key, Client] = {}
        self._lock = threading.Lock()

    async def ask(self, call: Call, **words: object) -> Json:
        """What the service answers to `call`.

        Raises AccessDenied, CredentialsExpired, RateLimited, Unreachable, ObjectMissing, NoRoom,
        OutsideFailed. A change is asked for once, and again only when it was throttled: nobody knows of any
        other silence whether it was made, and the caller looks.
        """
        pauses = PAUSES if call.changes else ()
        for pause in pauses:
            try:
                return await asyncio.to_thread(self._asked, call, words)
            except RateLimited:
                await asyncio.sleep(pause)
        return await asyncio.to_thread(self._asked, call, words)

    def _asked(self, call: Call, words: Json) -> Json:
        try:
            client = self._client(call)
            told = cast("Callable[..., Json]", getattr(client, call.operation))(**words)
            told.pop("ResponseMetadata", None)
            if isinstance(body := told.get("Body"), Stream):
                told["Body"] = body.read()
        except Exception as trouble:
            if not is_of_aws(trouble):
                raise
            raise problem(trouble, call, self._who) from trouble
        return told

    @property
    def _who(self) -> str:
        if self._settings.profile:
            return f"the profile {self._settings.profile}"
        return f"the secrets {', '.join(self._settings.secrets)}"

    def _client(self, call: Call) -> Client:
        keys = self._keys()
        key = (call.service, "\n".join(keys), call.changes)
        with self._lock:  # botocore's sessions are not made for threads; its clients are
            if key not in self._clients:
                stale = [one for one in self._clients if one[1] != key[1]]
                for one in stale:
                    self._clients.pop(one)
                self._clients[key] = self._made(call, keys)
            return self._clients[key]

    def _keys(self) -> tuple[str, ...]:
        if self._settings.profile:
            return ()
        if self._secrets is None:
            raise AccessDenied(
                "AWS: no secrets are known here", cure="name a profile, or keys among `secrets`"
            )
        return tuple(self._secrets(name) for name in self._settings.secrets)

    def _made(self, call: Call, keys: tuple[str, ...]) -> Client:
        session, config = _botocore(ALONE if keys else {})
        if keys:
            session.set_credentials(*keys)
        else:
            session.set_config_variable("profile", self._settings.profile)
            _only_the_named(session.get_component("credential_provider"))
        return session.create_client(
            call.service,
            region_name=self._settings.region,
            endpoint_url=self._settings.endpoint or None,
            config=config(
                connect_timeout=CONNECT,
                read_timeout=READ,
                retries={"mode": "standard", "total_max_attempts": 1 if call.changes else LOOKS},
                ignore_configured_endpoint_urls=True,
                user_agent_extra="orchestrate",
                s3={"addressing_style": "path"} if self._settings.endpoint else None,
            ),
        )


def _only_the_named(chain: Credentials) -> None:
    for name in FALL_BACKS:
        chain.remove(name)


def _botocore(variables: Mapping[str, object]) -> tuple[Session, Callable[..., object]]:
    """A session of botocore, which is loaded only where an AWS service is used. Raises ProgramMissing."""
    try:
        from botocore import config, session
    except ImportError:
        raise ProgramMissing("botocore", "install boto3 beside orchestrate") from None
    made = cast("Callable[[Mapping[str, object]], Session]", session.Session)(variables)
    made.register_component("data_loader", loader())
    return made, cast("Callable[..., object]", config.Config)


@lru_cache(maxsize=1)
def loader() -> object:
    """What reads the shapes of services, each once: they are megabytes."""
    from botocore import loaders

    return cast("Callable[[], object]", loaders.create_loader)()
