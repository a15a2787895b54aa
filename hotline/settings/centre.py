"""How the centre works: queues, agents, callbacks, supervisors, announcements, messages."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from cti.history.measures import Formula
from hotline.settings.section import Dnis, Name, Section


class QueueSettings(Section):
    """One queue of callers."""

    name: Name = Field(description="name of the queue")
    title_zh: str = Field("", description="title in Chinese")
    title_en: str = Field("", description="title in English")
    strategy: Literal["rrmemory", "leastrecent", "fewestcalls", "random", "ringall"] = Field(
        "rrmemory", description="which free agent is called first"
    )
    ring_seconds: int = Field(20, ge=5, le=120, description="how long an agent's phone rings")
    wrap_up_seconds: int = Field(30, ge=0, le=3600, description="work after the call")
    service_level_seconds: int = Field(20, ge=1, description="Y of the service level X/Y")
    service_level_percent: int = Field(
        80, ge=1, le=100, description="X of the service level X/Y: below it the board warns"
    )
    weight: int = Field(0, ge=0, le=1000, description="queues with more weight go first")
    members: tuple[str, ...] = Field(
        (),
        description="ids of the agents without skills of their own (`hotline users skill`) who "
        "serve this queue; none: all of them",
    )
    announce_seconds: int = Field(45, ge=0, description="pause between comfort messages; 0: none")
    position_seconds: int = Field(
        60,
        ge=0,
        description="pause between announcements of the place in the queue and the expected wait; "
        "0: none",
    )
    callback: bool = Field(
        False, description="callers may ask to be called back; the comfort messages say so"
    )


class ReportSettings(Section):
    """How boards and reports count; see docs/figures.md."""

    service_level: Formula = Field(
        "of_offered",
        description="the formula of the service level: of_answered, of_offered, "
        "short_abandons_left_out or short_abandons_served",
    )


class AgentSettings(Section):
    """What agents may do."""

    missed_calls: int = Field(
        2,
        ge=0,
        le=20,
        description="an agent who lets so many calls in a row ring in vain is paused; 0: never",
    )


class CallbackSettings(Section):
    """Callbacks for callers who do not want to wait; see docs/callbacks.md."""

    digit: Annotated[str, Field(pattern=r"^[0-9*#]$")] = Field(
        "1", description="key by which a waiting caller asks for a callback"
    )
    trunk: Name | None = Field(
        None, description="trunk over which customers are dialled; default: the first one"
    )
    caller_id: Dnis | None = Field(
        None, description="number that customers see; default: the one that they had dialled"
    )
    dial_as: Literal["e164", "national"] = Field(
        "e164", description="how numbers are dialled: +8613800138000, or as from home_region"
    )
    regions: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = Field(
        (), description="regions whose numbers are dialled; default: home_region"
    )
    tries: int = Field(3, ge=1, le=10, description="how often a customer is dialled")
    pause_seconds: int = Field(300, ge=1, le=86400, description="pause between two tries")
    ring_seconds: int = Field(30, ge=5, le=120, description="how long the customer's phone rings")
    expiry_minutes: float = Field(
        240, gt=0, le=10080, description="a callback that is not done by then is given up"
    )
    hours: Annotated[
        str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")
    ] = Field("00:00-24:00", description="when customers are dialled, in time_zone")

    def open_at(self, moment: time) -> bool:
        """Say whether customers may be dialled at that time of day."""
        begin, end = self.hours.split("-")
        now = moment.strftime("%H:%M")
        if begin < end:
            return begin <= now < end
        return now >= begin or now < end  # over midnight


class MonitoringSettings(Section):
    """Supervisors who listen to calls, whisper to agents, or barge in; see docs/monitoring.md."""

    enabled: bool = Field(False, description="whether anybody may")
    roles: tuple[Literal["leader", "supervisor", "admin"], ...] = Field(
        ("supervisor", "admin"), description="who may: leader, supervisor, admin"
    )
    tell_agent: Literal["never", "barge", "always"] = Field(
        "barge",
        description="when the agent's page says so: never; barge: when the customer hears the "
        "supervisor too; always",
    )
    ring_seconds: int = Field(20, ge=5, le=60, description="how long the supervisor's phone rings")


class AnnouncementSettings(Section):
    """Announcements that supervisors make for every new caller; see docs/floor.md."""

    voice_zh: str = Field(
        "",
        description="command that speaks Mandarin: it gets the words as {text} and writes a WAV "
        "file to {out}; empty: Mandarin cannot be typed",
    )
    voice_en: str = Field(
        "", description="the same for English; empty: piper-tts where it is installed"
    )


class VoicemailSettings(Section):
    """Messages that callers leave."""

    maximum_megabytes: int = Field(
        2000,
        ge=1,
        description="while the messages fill so much, waiting callers are not sent to voicemail "
        "(a minute takes one megabyte)",
    )
    answer_within_minutes: int = Field(
        60,
        ge=1,
        le=10_080,
        description="a message becomes an agent's follow-up, which falls due after so long",
    )
