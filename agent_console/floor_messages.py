"""The records of what supervisors do on the floor; the one place of their spelling.

The conventions of :mod:`agent_console.messages` hold; docs/floor.md explains what each act does.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from agent_console.messages import Record, Segment, SkillChoice, VerifiedLevel
from crm_lookup.model import Text

Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=200)]
AnnouncementKind: TypeAlias = Literal["prompt", "typed", "recorded"]


class ClosedLine(Record, frozen=True, kw_only=True):
    """A queue that takes no new callers."""

    queue: str
    reason: str
    closed_by: str
    closed_at: float


class CloseQueue(Record, frozen=True, kw_only=True):
    """Body of ``PUT /api/floor/closed/{queue}``."""

    reason: Reason


class AnnouncementLine(Record, frozen=True, kw_only=True):
    """Something that can be played to every new caller, before the menu."""

    announcement_id: str
    kind: AnnouncementKind
    title: str
    seconds: float
    made_by: str
    made_at: float
    on_since: float | None
    """``null`` while it is off."""
    on_by: str
    reason: str


class NewAnnouncement(Record, frozen=True, kw_only=True):
    """Body of ``POST /api/floor/announcements``: a shipped prompt, or words for the voice."""

    prompt: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Id of a shipped prompt; then nothing is typed."""
    zh: Annotated[str, msgspec.Meta(max_length=500)] = ""
    en: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """Words in one language or both; callers of the other language hear the one that is there."""


class SwitchOn(Record, frozen=True, kw_only=True):
    """Body of ``PUT /api/floor/announcement``."""

    announcement_id: Annotated[str, msgspec.Meta(max_length=32)]
    reason: Reason


class PromptChoice(Record, frozen=True, kw_only=True):
    """A shipped prompt that can be an announcement."""

    prompt: str
    text: Text


class AnnouncementView(Record, frozen=True, kw_only=True):
    """Answer of ``GET /api/floor/announcements``."""

    announcements: tuple[AnnouncementLine, ...]
    prompts: tuple[PromptChoice, ...]
    voices: tuple[Literal["zh", "en"], ...]
    """Languages in which typed words can be spoken here."""


class WaitingLine(Record, frozen=True, kw_only=True):
    """A caller who waits in a queue; the next to be served comes first.  Nobody is named."""

    call_id: str
    queue: str
    position: int
    priority: int
    waiting_since: float
    """In whichever queue."""
    ringing: bool
    """A phone rings for the caller: who now cannot be moved."""
    reason: str
    language: str
    verified: VerifiedLevel
    segment: Segment | None


class AgentSkills(Record, frozen=True, kw_only=True):
    """An agent's own skills; none: the agent takes calls of the queues that the settings say."""

    agent_id: str
    name: str
    team: str
    skills: tuple[SkillChoice, ...]
    serves: tuple[str, ...]
    """The queues of which the agent is a member now."""


class TeamChoice(Record, frozen=True, kw_only=True):
    """Body of ``PUT /api/floor/teams/{agent_id}``."""

    team: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
