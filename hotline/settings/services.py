"""Our own services and what they stand on: core system, menu, console, database, logs."""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from hotline.settings.section import HostName, Network, OfficeHours, PlainSecret, Port, Section


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
