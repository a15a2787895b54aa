"""The exchange and its lines: Asterisk, trunks, numbers, transfers outside, phones for trials."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from hotline.settings.section import (
    Codec,
    Dnis,
    HostName,
    Language,
    Name,
    Network,
    PlainSecret,
    Port,
    Section,
)


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
