"""The settings as typed records.  Every field says in its description what it is for."""

from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from cti.core.own_queue import OWN
from hotline.settings.centre import (
    AgentSettings,
    AnnouncementSettings,
    CallbackSettings,
    MonitoringSettings,
    QueueSettings,
    ReportSettings,
    VoicemailSettings,
)
from hotline.settings.section import Name, Section
from hotline.settings.services import (
    BankSettings,
    ConsoleSettings,
    DatabaseSettings,
    IntegrationSettings,
    IvrSettings,
    LogSettings,
    PrivacySettings,
    TlsSettings,
)
from hotline.settings.telephony import (
    AmiSettings,
    AsteriskSettings,
    NumberSettings,
    TestPhoneSettings,
    TransferSettings,
    TrunkSettings,
)


class Settings(Section):
    """All settings."""

    state_dir: Path = Field(
        Path("/var/lib/hotline"), description="folder of everything that is made at run time"
    )
    server_name: Name = Field("hotline", description="name of this Asterisk in events")
    time_zone: str = Field("Asia/Shanghai", description="time zone of day borders and greetings")
    home_region: str = Field(
        "CN", pattern="^[A-Z]{2}$", description="region of numbers without country code"
    )
    bank: BankSettings = BankSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    ami: AmiSettings = AmiSettings()
    ivr: IvrSettings = IvrSettings()
    tls: TlsSettings = TlsSettings()
    console: ConsoleSettings = ConsoleSettings()
    integrations: IntegrationSettings = IntegrationSettings()
    database: DatabaseSettings = DatabaseSettings()
    privacy: PrivacySettings = PrivacySettings()
    log: LogSettings = LogSettings()
    agents: AgentSettings = AgentSettings()
    reports: ReportSettings = ReportSettings()
    callbacks: CallbackSettings = CallbackSettings()
    monitoring: MonitoringSettings = MonitoringSettings()

    voicemail: VoicemailSettings = VoicemailSettings()
    announcements: AnnouncementSettings = AnnouncementSettings()
    queues: tuple[QueueSettings, ...] = Field(
        (
            QueueSettings(name="service", title_zh="普通客服", title_en="Customer service"),
            QueueSettings(name="vip", title_zh="贵宾专线", title_en="Priority line", weight=10),
        ),
        description="the queues",
    )
    trunks: tuple[TrunkSettings, ...] = Field((), description="the SIP trunks")
    numbers: tuple[NumberSettings, ...] = Field((), description="the numbers that are answered")
    transfers: tuple[TransferSettings, ...] = Field(
        (), description="numbers outside to which the menu may put callers through"
    )
    test_phones: tuple[TestPhoneSettings, ...] = Field(
        (), description="softphones that may phone in, for trials"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):  # unknown; a folder's name; no name at all
            message = f"{value!r} is not a time zone; write one like 'Asia/Shanghai'"
            raise ValueError(message) from None
        return value

    @model_validator(mode="after")
    def _names_fit_together(self) -> Self:
        queues = [q.name for q in self.queues]
        if OWN in queues:
            message = f"queues: {OWN!r} is the product's own; choose another name"
            raise ValueError(message)
        for kind, names in (
            ("queues", queues),
            ("trunks", [t.name for t in self.trunks]),
            ("transfers", [t.name for t in self.transfers]),
            ("numbers", [d for n in self.numbers for d in (n.dnis, *n.aliases)]),
        ):
            twice = {n for n in names if names.count(n) > 1}
            if twice:
                message = f"{kind}: {', '.join(sorted(twice))} stands there twice"
                raise ValueError(message)
        for transfer in self.transfers:
            if transfer.trunk not in [t.name for t in self.trunks]:
                message = f"transfers: {transfer.name}: trunk {transfer.trunk!r} is unknown"
                raise ValueError(message)
        for number in self.numbers:
            if number.queue not in queues:
                message = (
                    f"numbers: {number.dnis}: queue {number.queue!r} is unknown; "
                    f"accepted: {', '.join(queues)}"
                )
                raise ValueError(message)
        trunks = [t.name for t in self.trunks]
        if self.callbacks.trunk is not None and self.callbacks.trunk not in trunks:
            message = (
                f"callbacks: trunk {self.callbacks.trunk!r} is unknown; "
                f"accepted: {', '.join(trunks) or 'none yet'}"
            )
            raise ValueError(message)
        self._check_trunks([d for n in self.numbers for d in (n.dnis, *n.aliases)])
        if not self.tls.enabled and (
            self.asterisk.sip_tls_port or any(t.transport == "tls" for t in self.trunks)
        ):
            message = "SIP over TLS needs [tls] certificate and key (or self_signed = true)"
            raise ValueError(message)
        return self

    def _check_trunks(self, dialled: list[str]) -> None:
        known: dict[str, str] = {}
        for trunk in self.trunks:
            for source in trunk.sources:
                other = known.setdefault(source.lower(), trunk.name)
                if other != trunk.name:
                    message = (
                        f"trunks: {other} and {trunk.name} are both known by {source}, so that "
                        "Asterisk would take the calls of one for the other's; make them one "
                        "trunk, or give each its own addresses"
                    )
                    raise ValueError(message)
            user = trunk.contact_user or trunk.username
            if trunk.identify == "registration" and user not in dialled:
                message = (
                    f"trunks: {trunk.name}: calls along the registration would come for {user!r}, "
                    "which is no number of [[numbers]]; set contact_user to one of them, or add "
                    f"it as dnis or alias; accepted: {', '.join(dialled) or 'none yet'}"
                )
                raise ValueError(message)

    @property
    def callback_trunk(self) -> str:
        """The trunk over which customers are called back; empty when none is."""
        if not self.trunks or not any(queue.callback for queue in self.queues):
            return ""
        return self.callbacks.trunk or self.trunks[0].name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of day borders."""
        return ZoneInfo(self.time_zone)

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database.url or f"sqlite:///{self.state_dir / 'hotline.db'}"
