"""Claude's API through its SDK: one request at a time, never repeated here, bounded in every direction."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

import anthropic
import httpx2
from anthropic import omit
from anthropic.types import (
    MessageParam,
    ModelInfo,
    RawContentBlockDelta,
    RawContentBlockStartEvent,
    RawMessageStreamEvent,
    TextBlockParam,
    ToolChoiceParam,
    ToolParam,
    Usage,
)
from pydantic import BaseModel

from agents.heard import WISHED, Heard, Part
from agents.question import Question, described, schema_of
from agents.wire import messages
from orchestrate.errors import ModelAway, ModelBusy, ModelFailed, OrchestrateError
from orchestrate.models.model_call import Tokens
from orchestrate.models.secret import Secret
from orchestrate.outside import line, redacted

MOST_BYTES = 2 * 1024 * 1024
CONNECT = 5.0  # seconds
UNDERSTOOD = ("text", "thinking", "redacted_thinking")
"""What an answer may consist of. Thoughts are counted, given back as they came, and not read."""

BUSY = {408, 409, 425, 429, 500, 502, 503, 504, 529}
"""Statuses after which asking again may help; after every other it does not."""

BUSY_TYPES = {"overloaded_error", "rate_limit_error", "timeout_error", "api_error"}
"""The same in the middle of an answer, whose status was 200."""

AWAY = {401, 402, 403, 404}
"""Statuses after which somebody has to do something: key, bill, rights, model."""


class Known(NamedTuple):
    """A model, as far as it matters here."""

    is_usable: bool
    said: str


class ClaudeApi:
    """Speaks to one address with one key, which is read each time it is used."""

    def __init__(self, base_url: str, key: Callable[[], Secret], patience: float) -> None:
        self._base_url = base_url
        self._key = key
        self._patience = patience  # seconds

    async def listen(self, question: Question[BaseModel], heard: Heard) -> None:
        """Ask once, and fill `heard`. Raises ModelBusy, ModelAway, ModelFailed."""
        async with self._client(heard, is_strict=True) as client:
            choice: ToolChoiceParam = {"type": "auto"} if question.may_look else {"type": "none"}
            stream = await client.messages.create(
                model=question.model,
                max_tokens=question.budget.answer,
                tools=cast(list[ToolParam], described(question.tools)) if question.tools else omit,
                tool_choice=choice if question.tools else omit,
                system=_stable(question.stable),
                messages=cast(list[MessageParam], messages(question)),
                output_config={"format": {"type": "json_schema", "schema": schema_of(question.form)}},
                stream=True,
            )
            async for event in stream:
                _hear(event, heard, may_look=question.may_look)

    async def known(self, name: str) -> Known:
        """What the API knows about a model. Raises ModelBusy, ModelAway, ModelFailed."""
        async with self._client(Heard(), is_strict=False) as client:
            found = await client.models.retrieve(name)
            return Known(_unusable(found) == "", _unusable(found) or _retiring(found))

    @asynccontextmanager
    async def _client(self, heard: Heard, *, is_strict: bool) -> AsyncGenerator[anthropic.AsyncAnthropic]:
        try:
            key = self._key()
        except OrchestrateError as problem:
            heard.is_free = True
            raise ModelAway(str(problem), cure=problem.cure) from problem
        async with (
            httpx2.AsyncClient(transport=_Bounded(), trust_env=False, timeout=CONNECT) as http,
            anthropic.AsyncAnthropic(
                api_key=key.reveal(),
                base_url=self._base_url,
                timeout=httpx2.Timeout(self._patience, connect=CONNECT),
                max_retries=0,  # the policy is agents.claude's: this one would obey any retry-after
                default_headers={"Authorization": f"Bearer {key.reveal()}", "Accept-Encoding": "identity"},
                http_client=http,
                open_telemetry=False,
                _strict_response_validation=is_strict,
            ) as client,
            _in_words(heard),
        ):
            yield client


def _unusable(found: ModelInfo) -> str:
    if found.lifecycle == "retired":
        return "it is retired"
    able = found.capabilities
    return "it cannot answer in a form" if able and not able.structured_outputs.supported else ""


def _retiring(found: ModelInfo) -> str:
    return f"answers until {found.retires_at:%Y-%m-%d}" if found.retires_at else "answers"


def _stable(parts: tuple[str, ...]) -> list[TextBlockParam]:
    """What every question begins with, and then what every question to this role does: each is cached."""
    return [{"type": "text", "text": part, "cache_control": {"type": "ephemeral"}} for part in parts]


def _hear(event: RawMessageStreamEvent, heard: Heard, *, may_look: bool) -> None:
    match event.type:
        case "message_start":
            heard.counted(_tokens(event.message.usage))
        case "content_block_start":
            if event.content_block.type not in (*UNDERSTOOD, *([WISHED] if may_look else [])):
                raise ModelFailed(f"it did something that nobody asked for: {event.content_block.type}")
            heard.begins(_part(event))
        case "content_block_delta":
            _hear_more(event.delta, heard)
        case "message_delta":
            heard.stop = event.delta.stop_reason
            heard.counted(Tokens(output=event.usage.output_tokens))
        case "message_stop":
            heard.is_whole = True
        case _:
            pass


def _part(event: RawContentBlockStartEvent) -> Part:
    block = event.content_block
    match block.type:
        case "tool_use":
            return Part(WISHED, id=block.id, name=block.name)
        case "redacted_thinking":
            return Part(block.type, seal=block.data)
        case _:
            return Part(block.type)


def _hear_more(delta: RawContentBlockDelta, heard: Heard) -> None:
    match delta.type:
        case "text_delta":
            heard.says(delta.text)
        case "input_json_delta":
            heard.says(delta.partial_json)
        case "thinking_delta":
            heard.says(delta.thinking)
        case "signature_delta":
            heard.sealed(delta.signature)
        case _:
            pass


def _tokens(usage: Usage) -> Tokens:
    return Tokens(
        fresh=usage.input_tokens,
        cache_write=usage.cache_creation_input_tokens or 0,
        cache_read=usage.cache_read_input_tokens or 0,
        output=usage.output_tokens,
    )


@asynccontextmanager
async def _in_words(heard: Heard) -> AsyncGenerator[None]:
    """The SDK's errors, and those that it lets through, as ours."""
    try:
        yield
    except anthropic.APIStatusError as problem:
        heard.is_free = problem.status_code != 200
        raise _of_status(problem) from problem
    except anthropic.APIResponseValidationError as problem:
        raise ModelFailed("what came is not what the API promises") from problem
    except anthropic.APITimeoutError as problem:
        raise ModelBusy("nothing came for too long") from problem
    except anthropic.APIConnectionError as problem:
        cause = problem.__cause__
        if isinstance(cause, ModelFailed):
            raise cause from None
        heard.is_free = isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout)
        raise ModelBusy(f"the connection failed: {line(str(cause or problem), 160)}") from problem
    except (httpx2.HTTPError, httpx2.StreamError, json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise ModelBusy("the answer broke off") from problem
    except (anthropic.AnthropicError, TypeError, ValueError, AttributeError) as problem:
        raise ModelFailed(f"what came cannot be read: {type(problem).__name__}") from problem


def _of_status(problem: anthropic.APIStatusError) -> ModelFailed:
    kind = line(str(problem.type or problem.status_code), 40)
    said = f"{problem.status_code} {kind}: {line(redacted(str(problem.api_message or '')), 200)}"
    if problem.status_code in AWAY:
        return ModelAway(said)
    is_busy = problem.status_code in BUSY or (problem.status_code == 200 and problem.type in BUSY_TYPES)
    if is_busy and problem.response.headers.get("x-should-retry") != "false":
        return ModelBusy(said, after=_after(problem.response.headers))
    return ModelFailed(said)


def _after(headers: httpx2.Headers) -> float:
    """In how many seconds the API wants to be asked again; a date is a long time."""
    milliseconds, seconds = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        wait = float(milliseconds) / 1000 if milliseconds else float(seconds or 0)
    except ValueError:
        return 3600.0
    return wait if 0 <= wait < 86_400 else 3600.0


class _Bounded(httpx2.AsyncBaseTransport):
    """Lets no answer through that is packed, or larger than any good one."""

    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise ModelFailed("the answer is packed, which nobody asked for")
        response.stream = _Counted(cast(httpx2.AsyncByteStream, response.stream))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    """The bytes of an answer, up to MOST_BYTES."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_BYTES
        async for piece in self._inner:
            left -= len(piece)
            if left < 0:
                raise ModelFailed(f"the answer has more than {MOST_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
