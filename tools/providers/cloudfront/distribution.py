"""Distribution: which path of the bucket CloudFront shows, and since when everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from orchestrate.errors import ChangedMeanwhile, NameTaken, OutsideFailed
from orchestrate.models.aws import CloudFront
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

DEPLOYED, COMPLETED = "Deployed", "Completed"
EVERYTHING = "/*"


@dataclass(frozen=True)
class Shown:
    """What a distribution is told to show, and how far it is."""

    path: str  # of its origin, without slashes around it
    state: str
    host: str
    root: str  # the file that is shown for /
    etag: str
    config: Json


class Distribution:
    """One distribution; of its configuration only the path of one origin is ever changed."""

    def __init__(self, account: Account, own: CloudFront) -> None:
        self._account, self._own = account, own

    async def shown(self) -> Shown:
        """What it is told now. Raises ObjectMissing where there is no such distribution."""
        told = await self._account.ask(Call.DISTRIBUTION, Id=self._own.distribution)
        found = cast("Json", told["Distribution"])
        config = cast("Json", found["DistributionConfig"])
        return Shown(
            path=str(self._origin(config).get("OriginPath", "")).strip("/"),
            state=str(found["Status"]),
            host=str(found["DomainName"]),
            root=str(config.get("DefaultRootObject", "")),
            etag=str(told["ETag"]),
            config=config,
        )

    async def point(self, shown: Shown, path: str) -> None:
        """Have its origin begin at `path`, unless somebody changed anything of it since `shown`.

        Raises ChangedMeanwhile.
        """
        ours = self._origin(shown.config)
        origins = cast("Json", shown.config["Origins"])
        items = [
            {**one, "OriginPath": f"/{path}"} if one is ours else one
            for one in cast("list[Json]", origins["Items"])
        ]
        config = {**shown.config, "Origins": {**origins, "Items": items}}
        own = self._own.distribution
        try:
            await self._account.ask(
                Call.UPDATE_DISTRIBUTION, Id=own, IfMatch=shown.etag, DistributionConfig=config
            )
        except NameTaken as lost:
            now = (await self.shown()).path
            said = (
                f"{own}: somebody else changed it at the same time; it shows /{now}, and was to show /{path}"
            )
            raise ChangedMeanwhile(said) from lost

    async def invalidate(self, reference: str) -> str:
        """Have everything forgotten that edges remember, once for each reference; its id."""
        paths = {"Quantity": 1, "Items": [EVERYTHING]}
        batch = {"Paths": paths, "CallerReference": reference}
        own = self._own.distribution
        told = await self._account.ask(Call.INVALIDATE, DistributionId=own, InvalidationBatch=batch)
        return str(cast("Json", told["Invalidation"])["Id"])

    async def undeployed(self) -> str:
        """How far the configuration is; '' once it is everywhere."""
        state = (await self.shown()).state
        return "" if state == DEPLOYED else f"{self._own.distribution} is {state}"

    async def remembered(self, invalidation: str) -> str:
        """How far the invalidation is; '' once all is forgotten."""
        own = self._own.distribution
        told = await self._account.ask(Call.INVALIDATION, DistributionId=own, Id=invalidation)
        state = str(cast("Json", told["Invalidation"])["Status"])
        return "" if state == COMPLETED else f"the invalidation {invalidation} of {own} is {state}"

    def _origin(self, config: Json) -> Json:
        """The one whose path is switched. Raises OutsideFailed where it is not told which, or is not ours."""
        own = self._own
        items = cast("list[Json]", cast("Json", config["Origins"])["Items"])
        found = [one for one in items if own.origin in ("", one["Id"])]
        if len(found) != 1:
            names = ", ".join(str(one["Id"]) for one in items)
            said = f"{own.distribution} has the origins {names}, and `origin` says {own.origin!r}"
            raise OutsideFailed(said, cure="say `origin`: the id of the one that is our bucket")
        if not str(found[0]["DomainName"]).startswith(f"{own.bucket}."):
            said = f"{own.distribution}: the origin {found[0]['Id']} is {found[0]['DomainName']}"
            raise OutsideFailed(f"{said}, not the bucket {own.bucket}", cure="correct `origin` or `bucket`")
        return found[0]
