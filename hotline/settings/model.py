"""The settings as typed records.  Every field says in its description what it is for.

Unknown keys are refused everywhere (``extra="forbid"``), so that a typing error is never silent.
"""

import re
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from cti.core.own_queue import OWN
from cti.history.measures import Formula

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Dnis = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
Language = Literal["zh", "en"]
Network = IPv4Network | IPv6Network
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]_-]+$")]
Codec = Literal["alaw", "ulaw", "g722", "opus", "gsm"]
OfficeHours = Annotated[
    str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00))?$")
]
PlainSecret = Annotated[SecretStr, Field(min_length=8)]

_UNSAFE = re.compile(r"[\x00-\x1f;\[\]]")


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="after")
    def _refuse_text_that_breaks_a_conf_file(self) -> Self:
        for name, value in self:
            text = value.get_secret_value() if isinstance(value, SecretStr) else value
            if isinstance(text, str) and name != "host" and _UNSAFE.search(text):
                message = f"{name}: control characters, ';', '[' and ']' are not accepted"
                raise ValueError(message)
        return self


class BankSettings(Section):
    """The bank: its name on screens, and its core system with the accounts."""

    name_zh: str = Field("示例银行", description="name in Chinese")
    name_en: str = Field("Demo Bank", description="name in English")
    kind: Literal["embedded", "http"] = Field(
        "embedded",
        description="embedded: accounts and cards stand in our database; "
        "http: in the bank's core, which serves docs/bank-services.openapi.json",
    )
    url: str | None = Field(
        None, description="what stands before /v1/, e.g. 'https://core.bank.example/hotline'"
    )
    token_file: Path | None = Field(
        None, description="file with the bearer token that we show to the core"
    )
    ca_file: Path | None = Field(
        None, description="PEM file with the certificates to trust; default: the system's"
    )
    deadline: float = Field(
        4.0, ge=0.5, le=20, description="seconds until a slow core costs the caller an apology"
    )

    @model_validator(mode="after")
    def _check_core(self) -> Self:
        if self.kind == "embedded":
            return self
        parts = urlsplit(self.url or "")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or parts.scheme not in ("http", "https") or parts.query:
            message = "kind 'http' needs url, like 'https://core.bank.example/hotline'"
            raise ValueError(message)
        if parts.scheme == "http" and not local:
            message = "url: only https, or http on this machine: accounts travel there"
            raise ValueError(message)
        if parts.username or parts.password:
            message = "url: a password there would be logged; use token_file"
            raise ValueError(message)
        return self


class AsteriskSettings(Section):
    """The telephone exchange behind us."""

    mode: Literal["private", "external"] = Field(
        "private",
        description="private: hotline renders, starts and supervises an Asterisk of its own; "
        "external: the bank runs Asterisk with files from `hotline asterisk render`",
    )
    root: Path | None = Field(
        None, description="folder of a private Debian root with Asterisk; default: found by set-up"
    )
    user: str = Field("hotline", description="system user that Asterisk runs as, when we are root")
    sip_bind: HostName = Field("0.0.0.0", description="address of the SIP sockets")  # noqa: S104 - a trunk and desk phones come from outside; only known sources get an answer
    sip_port: Port = Field(5060, description="SIP over UDP and TCP")
    sip_tls_port: Port | None = Field(None, description="SIP over TLS; needs [tls]")
    websocket_port: Port = Field(8088, description="SIP over WebSocket for browser phones")
    websocket_bind: HostName = Field("127.0.0.1", description="address of that socket")
    rtp_first: Port = Field(10000, description="first UDP port of the media")
    rtp_last: Port = Field(10999, description="last UDP port of the media")
    external_address: HostName | None = Field(
        None, description="public address, when the machine stands behind NAT"
    )
    local_networks: tuple[Network, ...] = Field(
        (), description="networks inside the NAT, e.g. ['10.0.0.0/8']"
    )
    maximum_calls: int = Field(1000, ge=1, description="calls that Asterisk takes at a time")
    guard: int = Field(
        3, ge=2, le=10, description="seconds of slack before a frozen menu loses its caller"
    )

    @model_validator(mode="after")
    def _check_rtp(self) -> Self:
        if self.rtp_last < self.rtp_first + 3:
            message = "rtp_last must be at least rtp_first + 3"
            raise ValueError(message)
        return self


class AmiSettings(Section):
    """Asterisk's manager interface."""

    host: HostName = Field("127.0.0.1", description="where Asterisk's AMI listens")
    port: Port = Field(5038, description="its TCP port")
    username: Name = Field("hotline", description="account name in manager.conf")
    secret: PlainSecret | None = Field(
        None, description="its secret; default: made once and kept in the state folder"
    )


class HoursSettings(Section):
    """When agents are at work for ordinary matters; lost cards and fraud have a person always."""

    workday: OfficeHours = Field("08:30-20:00", description="e.g. 08:30-20:00; empty: never")
    weekend: OfficeHours = Field("09:00-17:00", description="the same for weekends")
    holiday: OfficeHours = Field("09:00-17:00", description="the same for public holidays")


class IvrSettings(Section):
    """The voice-menu server (FastAGI)."""

    host: HostName = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(4573, description="TCP port")
    secret: PlainSecret | None = Field(None, description="secret that the dialplan must show")
    allow: tuple[Network, ...] = Field(
        (IPv4Network("127.0.0.0/8"),), description="networks whose Asterisk may connect"
    )
    maximum_sessions: int = Field(1000, ge=1, description="calls in the menu at a time")
    lookup_deadline: float = Field(
        0.05, gt=0, le=2, description="seconds to recognise a caller before the call goes on"
    )
    pin_tries: int = Field(5, ge=3, le=10, description="wrong PINs before a customer is locked")
    pin_lock: int = Field(86400, ge=60, description="seconds for which a customer stays locked")
    resume_seconds: int = Field(
        600,
        ge=0,
        le=86400,
        description="for so long after a call broke off its customer is offered, after the PIN, "
        "to go on there; 0: never",
    )
    hours: HoursSettings = HoursSettings()
    metrics_port: Port | None = Field(None, description="Prometheus metrics and health over HTTP")
    flows: Path | None = Field(None, description="folder with flow files; default: the shipped")
    routing: Path | None = Field(
        None, description="file with the routing rules; default: the shipped routing.yaml"
    )


class TlsSettings(Section):
    """Certificates for HTTPS, secure WebSockets and SIP over TLS."""

    certificate: Path | None = Field(None, description="PEM file with the certificate chain")
    key: Path | None = Field(None, description="PEM file with the private key")
    self_signed: bool = Field(False, description="make a self-signed pair, for trials only")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            message = "certificate and key belong together: give both or none"
            raise ValueError(message)
        return self

    @property
    def enabled(self) -> bool:
        return self.self_signed or self.certificate is not None


class ConsoleSettings(Section):
    """The web server of the agent console."""

    host: HostName = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8080, description="TCP port")
    allowed_origins: tuple[str, ...] = Field(
        (), description="further origins of the page, e.g. ['https://hotline.bank.example']"
    )
    idle_minutes: int = Field(60, ge=5, le=1440, description="sign-out after so long without use")
    dispositions: Path | None = Field(
        None,
        description="YAML file with the outcomes that agents choose; default: the shipped "
        "agent_console/dispositions.yaml",
    )
    alarms: Path | None = Field(
        None,
        description="YAML file with the rules of the board's alarms; default: the shipped "
        "alarms.yaml; see docs/alarms.md",
    )


class IntegrationSettings(Section):
    """Programs that take pops from us; see docs/event-api.md."""

    webhook_networks: tuple[Network, ...] = Field(
        (),
        description="networks to which webhooks may go beside the public internet and this "
        "machine, e.g. ['10.20.0.0/16']",
    )
    plain_http_hosts: tuple[HostName, ...] = Field(
        (), description="hosts to which webhooks may go without TLS"
    )
    webhook_authority: Path | None = Field(
        None, description="PEM file with the certificates to trust; default: the system's"
    )
    webhook_give_up_hours: float = Field(
        24, ge=0.01, le=720, description="hours after which an undelivered event is given up"
    )
    dead_letter_days: float = Field(
        7, ge=0.01, le=365, description="days for which events that were given up are kept"
    )


class DatabaseSettings(Section):
    """Where customers, journal and users are kept."""

    url: str | None = Field(
        None,
        description="sqlite:///PATH or postgresql://USER@HOST/DATABASE?sslmode=verify-full; "
        "default: an SQLite file in the state folder",
    )


class PrivacySettings(Section):
    """Customers' personal data; see docs/privacy.md."""

    seal: bool = Field(
        False,
        description="encrypt names, numbers, ID numbers, addresses, e-mails and notes; after a "
        "change restart the services, then run `hotline privacy seal` or `unseal`",
    )
    key_file: Path | None = Field(
        None,
        description="the keys, apart from the database, made when sealing is switched on; "
        "default: seal-keys in the state folder",
    )


class LogSettings(Section):
    """What is logged and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level")
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, else JSON lines"
    )


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


class TrunkSettings(Section):
    """One SIP trunk: a carrier over which customers phone in."""

    name: Name = Field(description="name of the trunk")
    host: HostName = Field(description="carrier's host name or address")
    port: Port | None = Field(None, description="its port; default 5060, TLS 5061")
    transport: Literal["udp", "tcp", "tls"] = Field("udp", description="how SIP travels")
    srtp: bool = Field(False, description="media encrypted with SDES keys (use with tls)")
    identify: Literal["address", "registration"] = Field(
        "address",
        description="address: calls are known by the source address; "
        "registration: we register there and calls come along that registration",
    )
    addresses: tuple[str, ...] = Field(
        (), description="source addresses or networks of the carrier; default: its host"
    )
    username: str | None = Field(None, description="for registration and authentication")
    password: SecretStr | None = Field(None, description="the same")
    contact_user: Dnis | None = Field(
        None,
        description="with registration: the number under which the carrier sends its calls; one "
        "of [[numbers]] (dnis or alias); default: the username",
    )
    trust_asserted_identity: bool = Field(
        False, description="believe the carrier's P-Asserted-Identity"
    )
    codecs: tuple[Codec, ...] = Field(("alaw", "ulaw"), min_length=1, description="in order")
    nat: bool = Field(False, description="the carrier's side of the media stands behind NAT")
    permit: tuple[Network, ...] = Field((), description="ACL: only these networks; empty: any")
    maximum_channels: int = Field(0, ge=0, description="calls at a time; 0: no limit")

    @field_validator("addresses")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            if not re.fullmatch(r"[A-Za-z0-9.:/_-]+", item):
                message = f"{item!r} is not an address, network or host name"
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.identify == "registration" and not (self.username and self.password):
            message = "identify = 'registration' needs username and password"
            raise ValueError(message)
        if self.identify == "address" and self.contact_user:
            message = "contact_user is for identify = 'registration' only; take it out"
            raise ValueError(message)
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Addresses and networks by which the trunk is known; none with registration."""
        return (self.addresses or (self.host,)) if self.identify == "address" else ()


class NumberSettings(Section):
    """One number that customers dial (DNIS)."""

    dnis: Dnis = Field(description="the number as the carrier sends it")
    aliases: tuple[Dnis, ...] = Field((), description="other spellings of the same number")
    flow: Name = Field("main", description="voice menu that answers")
    language: Language = Field("zh", description="language at the start")
    queue: Name = Field("service", description="queue when the menu names none or is lost")
    survey: Name | None = Field(
        None, description="flow that asks for a score after the conversation, e.g. survey"
    )


class TransferSettings(Section):
    """A number outside to which the menu may put callers through; no other is ever dialled."""

    name: Name = Field(description="how flows call it ('transfer' nodes)")
    number: Dnis = Field(description="the number to dial")
    trunk: Name = Field(description="trunk over which to dial")
    ring_seconds: int = Field(30, ge=5, le=120, description="how long to let it ring")


class TestPhoneSettings(Section):
    """A SIP account that may phone in like a customer, for trials with a softphone."""

    __test__ = False  # not a test, whatever its name looks like

    number: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")] = Field(
        description="the calling number, in E.164; its digits are the account's user name"
    )
    password: PlainSecret = Field(description="password of the account")

    @property
    def account(self) -> str:
        """User name of the SIP account."""
        return self.number.removeprefix("+")


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
