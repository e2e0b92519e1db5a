"""The awslambda provider: each slot of a component is a published version, its traffic an alias's routing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from orchestrate.errors import EffectRefused, StartFailed
from orchestrate.models.aws import Aws, Functions
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start, words
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from tools.provider import Checkout, Say, refuse_another, require_well, shares, well_in, without
from tools.providers.awslambda.code import Code, as_lambda_says, functions_of
from tools.providers.awslambda.function import Function, Named
from tools.providers.cloud import Cloud
from tools.providers.fleet.layout import Layout
from tools.systems import ecr
from tools.systems.aws import Account

AGAIN = 2.0  # seconds between two looks


class AwsLambdaProvider(Cloud):
    """Serves versions of one environment by Lambda; what code a version is, is kept below its root."""

    def __init__(
        self, environment: Environment, secrets: Callable[[str], str] | None, *, again: float = AGAIN
    ) -> None:
        self._environment, self._secrets, self._again = environment, secrets, again
        self._code = Code(Layout(environment.root), secrets, self._account)
        self._accounts: dict[Aws, Account] = {}

    async def running(self, component: Component) -> Running:
        function = self._function(component)
        named = await function.slots()
        slots = tuple([await self._slot(component, slot, one) for slot, one in sorted(named.items())])
        weights = await function.weights(named) if component.port and named else {}
        return Running(component=component.name, slots=slots, weights=weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:  # noqa: ARG002
        """The version's archive or image, from now on by its SHA-256. Raises ImageMissing, Unreachable."""
        return await self._code.take(component, version, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What was recorded when it was built, or what is there now."""
        return await self._code.artifact(component, version)

    async def login(self, component: Component, image: str) -> str:
        """For ECR, as ourselves."""
        return await ecr.login(self._account(functions_of(component)), image)

    async def stop_all(self, component: Component) -> None:
        """Remove the aliases of the slots; the function, its versions and the alias that is called stay."""
        function = self._function(component)
        for slot in await function.slots():
            await function.forget(slot)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the calls of the slot's published version. Raises OutsideFailed."""
        function = self._function(component)
        named = (await function.slots()).get(slot)
        return await function.lines(named.number, lines) if named is not None and lines > 0 else ()

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        artifact = self._code.require(component, move.version)
        if move.instances != 1:
            raise EffectRefused(words(move), "a function has no instances; ask for 1")
        function = self._function(component)
        before = (await function.slots()).get(move.slot)
        if before:
            refuse_another(move.slot, before.version, move.version)
        code = await self._code.words(component, artifact) if before is None else {}
        if before is None:
            seconds = component.health.start_seconds
            number = await function.publish(move.version, artifact, code, seconds)
            await function.name(move.slot, number, move.version)
        slot = (await self.running(component)).slot(move.slot)
        if slot is None or not slot.is_healthy:
            why = slot.instances[0].detail if slot else "its alias is not there"
            raise StartFailed(f"{component.name}: {move.slot} cannot be called: {why}")

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:  # noqa: ARG002
        require_well(component, move.weights, well_in((await self.running(component)).slots))
        function = self._function(component)
        await function.share(move.weights, await function.slots())

    async def _stop(self, component: Component, slot: str) -> None:
        """The slot's share goes to the others; the last one keeps the alias, and its name is forgotten."""
        function = self._function(component)
        running = await self.running(component)
        left = shares(without(running.weights, slot)) if slot in shares(running.weights) else {}
        if component.port and left:
            await function.share(left, await function.slots())
        await function.forget(slot)

    async def _slot(self, component: Component, name: str, named: Named) -> Slot:
        function = self._function(component)
        is_well, why = await function.state(named.number)
        one = Instance(
            id=f"{functions_of(component).function}:{named.number}",
            slot=name,
            address="",
            healthy=is_well,
            restarts=0,
            started_at=datetime.now(UTC),
            detail=why,
            tree=await self._tree(component, named),
        )
        return Slot(name=name, version=named.version, wanted=1, instances=(one,))

    async def _tree(self, component: Component, named: Named) -> str:
        """Of the version whose code really answers; the code's hash, where it is not the version's."""
        if named.version is None:
            return ""
        artifact = self._code.recorded(component, named.version)
        if artifact is None or functions_of(component).image:
            return named.version.tree
        code = await self._function(component).code_of(named.number)
        return named.version.tree if code in as_lambda_says(artifact) else code

    def _function(self, component: Component) -> Function:
        own = functions_of(component)
        return Function(self._account(own), own, self._again)

    def _account(self, own: Functions) -> Account:
        return self._accounts.setdefault(own.aws, Account(own.aws, self._secrets))
