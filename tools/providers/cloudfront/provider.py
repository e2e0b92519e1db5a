"""The cloudfront provider: a slot is a release in a bucket, and the distribution shows one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from orchestrate.errors import ChangedMeanwhile, EffectRefused, ImageMissing, StartFailed, UnknownVersion
from orchestrate.models.aws import Aws, CloudFront
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start, words
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from tools.health import address_of
from tools.provider import Checkout, Say, require_well, shares
from tools.providers.cloud import Cloud
from tools.providers.cloudfront.answer import Answered, answered, file_of
from tools.providers.cloudfront.bucket import Bucket, Manifest
from tools.providers.cloudfront.distribution import Distribution, Shown
from tools.providers.cloudfront.files import files_in
from tools.providers.cloudfront.seen import NEARLY, Seen
from tools.providers.cloudfront.switches import Switch, Switches
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.fleet.storage import stored
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.process.releases import Releases, inside
from tools.systems.aws import Account
from tools.systems.shown import Habits

ONE_ALWAYS = "a distribution shows one version, always"


class CloudFrontProvider(Cloud):
    """Shows versions of one environment; which slot has which version is kept below its root."""

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str] | None,
        *,
        filled: Callable[[str], str] = unchanged,
        again: float = 5.0,
    ) -> None:
        self._environment, self._secrets = environment, secrets
        self._layout = Layout(environment.root)
        self._releases = Releases(self._layout, environment, Variables(environment, secrets, filled))
        self._slots, self._switches = Slots(self._layout), Switches(self._layout)
        self._habits = Habits(again=again)
        self._accounts: dict[Aws, Account] = {}

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component)
        slots = [await self._slot(component, seen, name) for name in sorted(seen.wanted)]
        unknown = self._slots.unknown(component.name)
        return Running(component=component.name, slots=(*slots, *unknown), weights=seen.weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """Build the release here and upload it; what was uploaded before is taken as it is.

        Raises BuildFailed, DigestDiffers: something else is there.
        """
        found = await self.artifact(component, version)
        if found is not None:
            say(f"{component.name}: {version.name} is {found.location} already")
            return found
        with stored(self._layout.root):
            release = await self._releases.build(component, version, checkout, say)
            output = f"{component.path}/{site_of(component).output}"
            folder = inside(Path(release.location), output)
            files = await asyncio.to_thread(files_in, folder)
            bucket = self._bucket(component)
            say(f"{component.name}: {len(files)} files to {bucket.address(version)}")
            manifest = await bucket.complete(version, folder, files)
        return self._artifact(component, version, manifest)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The release, where its manifest and all of its objects are there as they were uploaded."""
        found = await self._bucket(component).found(version)
        if found.manifest is None or found.wrong:
            return None
        return self._artifact(component, version, found.manifest)

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """The release with this digest, which another environment put into the same bucket."""
        del checkout  # nothing is built
        found = await self.artifact(component, version)
        if found is None or found.digest != digest:
            where = self._bucket(component).address(version)
            raise ImageMissing(
                f"{where} is not {digest}", cure="see who removed or changed it, and deploy anew"
            )
        say(f"{component.name}: {version.name} is {found.location}, as it was shown before")
        return found

    async def stop_all(self, component: Component) -> None:
        """Forget the slots; the bucket and the distribution stay as they are."""
        self._slots.forget(component.name)
        self._switches.end(component.name)

    async def _given(self, component: Component) -> str:
        return _address(component, await self._distribution(component).shown())

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the release whole, with the file by which its health is asked, and its slot known."""
        if move.instances != 1:
            raise EffectRefused(words(move), "a static site has no instances; ask for 1")
        self._slots.refuse_another(component.name, move.slot, move.version)
        found = await self._bucket(component).found(move.version)
        if found.manifest is None or found.wrong:
            raise UnknownVersion(move.version.name)
        shown = await self._distribution(component).shown()
        path = file_of(component.health, shown.root)
        if component.health.path and path not in found.manifest.files:
            said = f"{move.version.name} has no file {path!r}, by which its health is asked"
            raise StartFailed(
                said, cure="build one that differs from version to version, or correct `health`"
            )
        self._slots.write(component.name, move.slot, Wanted(version=move.version, wanted=1))

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        """Show another release, and return when everybody gets it. Raises ChangedMeanwhile, StartFailed."""
        seen, wanted = await self._seen(component), shares(move.weights)
        require_well(component, wanted, {name for name, found in seen.manifests.items() if found})
        name = max(wanted, key=lambda slot: wanted[slot], default="")
        if wanted.get(name, 0) < NEARLY:
            raise EffectRefused(f"{component.name}: traffic {wanted or 'to nobody'}", ONE_ALWAYS)
        if seen.weights == {name: 100}:
            return
        if not self._slots.may_be_unknown(component.name, move.was):
            self._refuse_foreign(component, seen, move)
        if seen.live not in seen.places:
            say(f"{component.name}: {site_of(component).distribution} showed {seen.live} until now")
        wrong = (await self._bucket(component).found(seen.wanted[name].version)).wrong
        if wrong:
            raise StartFailed(f"{component.name}: {seen.places[name]}: {wrong}", cure="build it again")
        distribution, path = self._distribution(component), seen.places[name]
        switch = self._switches.begin(component.name, seen.shown, path)
        if seen.shown.path != path:
            await distribution.point(seen.shown, path)
        await self._until_settled(component, switch)
        await self._until_answered(component, name)
        self._switches.end(component.name)

    async def _until_settled(self, component: Component, switch: Switch) -> None:
        """Return when all edges have the new path, and then have forgotten what they had of the old one.

        In this order: an edge that still has the old path would fetch from it, and remember, once more.
        """
        own, distribution = site_of(component), self._distribution(component)
        invalidation, unsettled = "", ""

        async def is_so() -> bool:
            nonlocal invalidation, unsettled
            unsettled = "" if invalidation else await distribution.undeployed()
            if not unsettled:
                invalidation = invalidation or await distribution.invalidate(switch.reference)
                unsettled = await distribution.remembered(invalidation)
            return not unsettled

        if not await self._habits.within(own.switch_seconds, is_so):
            said = f"{component.name}: {unsettled} after {own.switch_seconds} s"
            raise StartFailed(said, cure="see CloudFront; a longer time is `switch_seconds`")

    async def _until_answered(self, component: Component, name: str) -> None:
        """Return when the distribution's address answers well, with this slot's own files."""
        wrong: list[str] = []

        async def is_so() -> bool:
            seen = await self._seen(component)
            said = await self._answered(component, seen)
            is_other = said.tree not in ("", seen.wanted[name].version.tree)
            wrong[:] = [said.wrong or (f"it answers with the files of {said.tree[:19]}" if is_other else "")]
            return wrong == [""]

        if not await self._habits.within(component.health.start_seconds, is_so):
            raise StartFailed(f"{component.name}: {site_of(component).distribution} is unhealthy: {wrong[0]}")

    def _refuse_foreign(self, component: Component, seen: Seen, move: SetTraffic) -> None:
        """Nothing is taken from what somebody else had shown since. Raises ChangedMeanwhile."""
        if shares(move.was) and seen.live not in {*move.was, *shares(move.weights)}:
            own = site_of(component).distribution
            raise ChangedMeanwhile(f"{component.name}: somebody else has {own} show {seen.live}")

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget what the slot was; its objects stay, and can be shown again."""
        seen = await self._seen(component)
        if slot in seen.wanted and seen.weights.get(slot):
            raise EffectRefused(f"{component.name}: stop {slot}", ONE_ALWAYS)
        self._slots.write(component.name, slot, None)

    async def _seen(self, component: Component) -> Seen:
        bucket, shown = self._bucket(component), await self._distribution(component).shown()
        wanted = self._slots.kept(component.name)
        return Seen(
            shown=shown,
            switch=self._switches.under_way(component.name, shown),
            wanted=wanted,
            places={name: bucket.place(one.version) for name, one in wanted.items()},
            manifests={name: await bucket.manifest(one.version) for name, one in wanted.items()},
        )

    async def _slot(self, component: Component, seen: Seen, name: str) -> Slot:
        """A release as a slot with one instance; of the one that is shown, what really answers."""
        version, manifest = seen.wanted[name].version, seen.manifests[name]
        if manifest is None:
            return Slot(name=name, version=version, wanted=1)
        is_live = name == seen.live and bool(seen.weights)
        said = await self._answered(component, seen) if is_live else Answered("", version.tree)
        one = Instance(
            id=f"{site_of(component).bucket}/{seen.places[name]}",
            slot=name,
            address="",
            healthy=not said.wrong,
            restarts=0,
            started_at=manifest.made,
            detail=said.wrong,
            tree=said.tree,
        )
        return Slot(name=name, version=version, wanted=1, instances=(one,))

    async def _answered(self, component: Component, seen: Seen) -> Answered:
        first = sorted(seen.manifests, key=lambda name: name != seen.live)
        known = [found for name in first if (found := seen.manifests[name]) is not None]
        return await answered(component.health, _address(component, seen.shown), seen.shown.root, known)

    def _artifact(self, component: Component, version: Version, manifest: Manifest) -> Artifact:
        where = self._bucket(component).address(version)
        return Artifact(component=component.name, version=version, digest=manifest.digest, location=where)

    def _bucket(self, component: Component) -> Bucket:
        return Bucket(self._account(component), site_of(component), component.name)

    def _distribution(self, component: Component) -> Distribution:
        return Distribution(self._account(component), site_of(component))

    def _account(self, component: Component) -> Account:
        aws = site_of(component).aws
        return self._accounts.setdefault(aws, Account(aws, self._secrets))


def site_of(component: Component) -> CloudFront:
    """Which site it is; the settings do not take a component without it."""
    assert component.cloudfront is not None
    return component.cloudfront


def _address(component: Component, shown: Shown) -> str:
    return site_of(component).url.rstrip("/") or address_of(shown.host)
