"""What GitHub's GraphQL API answers about a pull request, as far as it is read here."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from tools.systems.github_shapes import User


class Author(User):
    """Whoever gave a verdict, and whether that is a person."""

    typename: str = Field(alias="__typename")


class Opinion(BaseModel):
    """The newest verdict of somebody who may write."""

    class Oid(BaseModel):
        """A commit."""

        oid: str

    state: str
    submittedAt: datetime | None
    author: Author | None
    commit: Oid | None


class PageInfo(BaseModel):
    """Whether more follows."""

    hasNextPage: bool
    endCursor: str | None


class Opinions(BaseModel):
    """One page of verdicts."""

    nodes: list[Opinion]
    pageInfo: PageInfo


class Entry(BaseModel):
    """A place in the merge queue."""

    position: int
    state: str


class Standing(BaseModel):
    """What only GraphQL tells of a pull request."""

    reviewDecision: str | None
    mergeStateStatus: str
    isInMergeQueue: bool
    mergeQueueEntry: Entry | None
    latestOpinionatedReviews: Opinions
