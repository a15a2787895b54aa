"""A second Asterisk that plays the carrier, its customers and the agents' phones.

Used by the demo, the self-test and the tests: it places real SIP calls over a real trunk and keys
real digits (RFC 4733), and it registers as the agents' phones and answers them.  It needs no
privilege, unlike SIPp's ``play_dtmf``.
"""

import os
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from hotline import tls
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import Install
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.render import TEMPLATES, Phone, render, write
from hotline.asterisk.secrets import Secrets
from hotline.asterisk.sounds import telephone_sounds
from hotline.settings.model import Settings
from hotline.settings.services import TlsSettings
from hotline.settings.telephony import AsteriskSettings

TRUNK_ADDRESS: Final = "127.0.0.2"
"""Loopback address of the carrier's end of the trunk."""

PHONES_ADDRESS: Final = "127.0.0.3"
"""Loopback address of the agents' phones: apart, so that a phone is never taken for the trunk."""

_MODULES: Final = (
    "pbx_spool",
    "func_rand",
    "res_clioriginate",
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One more trunk of the carrier, on an address of its own."""

    name: str
    address: str
    transport: Literal["udp", "tcp", "tls"] = "udp"
    target: str = ""
    """``host:port`` of the hotline's socket; default: the one of the carrier's configuration."""
    srtp: bool = False
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    from_user: str = ""
    """What stands in From whoever calls; P-Asserted-Identity still says who calls."""
    claims: str = ""
    """Address that stands in Contact and SDP in place of the real one, as behind a bad NAT."""
    username: str = ""
    """The hotline registers here under this name, and calls go along that registration."""
    password: str = ""


class CarrierConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the carrier runs and how its phones behave."""

    base: Path
    hotline: str
    """``host:port`` of the hotline's SIP socket."""
    port: int
    rtp_first: int
    rtp_last: int
    user: str = "hotline"
    answer_after: float = 1.0
    """Seconds until a phone answers; below 0: never."""
    talk: int = 0
    """Least seconds of talk before a phone hangs up (at most twice as many); 0: never."""
    speaks: bool = True
    """Whether a phone that answers says something before it talks."""
    trunk_address: str = TRUNK_ADDRESS
    phones_address: str = PHONES_ADDRESS
    lines: tuple[Line, ...] = ()
    authority: Path | None = None
    """Certificate (PEM) that the hotline must show on TLS lines."""


class Carrier:
    """Controls the carrier's Asterisk.  Its methods block."""

    def __init__(self, config: CarrierConfig, install: Install) -> None:
        self.config = config
        self.dirs = Dirs(config.base)
        self.process = AsteriskProcess(install, self.dirs, config.user)
        self._install = install
        self._lines: Mapping[str, Line] = {line.name: line for line in config.lines}

    def start(self, phones: Iterable[Phone] = ()) -> bool:
        """Render its files and start it (or adopt it); return whether it was adopted."""
        config = self.config
        settings = Settings(
            server_name="carrier",
            state_dir=config.base,
            tls=TlsSettings(self_signed=any(line.transport == "tls" for line in config.lines)),
            asterisk=AsteriskSettings(rtp_first=config.rtp_first, rtp_last=config.rtp_last),
        )
        unused = Secrets(ami="", ivr="", pseudonym="", lookup="")
        self.dirs.prepare(self._install, telephone_sounds(self.dirs.base))
        pair = tls.certificate_files(settings, now=datetime.now(UTC))
        files = render(
            settings,
            unused,
            self._install,
            self.dirs,
            phones=phones,
            tls=pair and tls.readable_by(self.process.owner, pair, self.dirs.lib / "keys"),
            variant=TEMPLATES / "carrier",
            extra={"carrier": config, "extra_modules": _MODULES},
        )
        changed = write(files, self.dirs.etc, self.process.owner)
        adopted = self.process.start()
        if adopted and changed:
            self.process.stop()
            adopted = self.process.start()
        return adopted

    def stop(self) -> None:
        """Stop it; its calls end."""
        self.process.stop()

    def call(
        self,
        dialled: str,
        *,
        caller: str = "",
        line: str = "",
        private: bool = False,
        steps: Sequence[str] = (),
        label: str = "",
        record: Path | None = None,
    ) -> str:
        """Let a customer phone ``dialled``; return the call's label.

        ``caller`` is the calling number, empty for a withheld one; ``private`` asks in a header
        that the number be withheld.  ``line`` is another trunk than the usual.  ``steps`` is what
        the customer does after the answer: ``w2.5`` waits, ``d123#`` keys digits, ``p<file>``
        plays a file, ``h`` hangs up; then the customer listens.  ``record`` gets what is heard
        (wav).
        """
        label = label or random.token_hex(6)
        along = self._lines.get(line)
        target = f"{dialled}@{line or 'to-hotline'}"
        if along is not None and along.username:
            target = along.username
        lines = [
            f"Channel: Local/{dialled}@dial/n",
            "MaxRetries: 0",
            "WaitTime: 60",
            "Context: customer",
            "Extension: s",
            "Priority: 1",
            f"Setvar: FROM={caller or 'anonymous'}",
            f"Setvar: WITHHELD={0 if caller else 1}",
            f"Setvar: LABEL={label}",
            f"Setvar: TARGET=PJSIP/{target}",
            f"Setvar: PRIVATE={int(private)}",
            f"Setvar: SCRIPT={'-'.join(steps)}",
            f"Setvar: RECORD={record or ''}",
        ]
        file = self.dirs.spool / "tmp" / f"{label}.call"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if self.process.owner is not None:
            os.chown(file, *self.process.owner)
        file.rename(self.dirs.spool / "outgoing" / file.name)
        return label

    def set_phone(self, extension: str, answer_after: float) -> None:
        """Let one phone answer after so many seconds; below 0: never."""
        self.process.command(f"dialplan set global ANSWER_{extension} {answer_after:g}")

    def set_hold(self, extension: str, seconds: int) -> None:
        """Let one phone hold its calls for so long, a second after the answer; 0: not at all."""
        self.process.command(f"dialplan set global HOLD_{extension} {seconds}")

    def set_talk(self, seconds: int) -> None:
        """Let the phones hang up after so many seconds (at most twice as many); 0: never."""
        self.process.command(f"dialplan set global TALK {seconds}")

    def registered(self) -> int:
        """How many phones are registered at the hotline."""
        return self.process.command("pjsip show registrations").count(" Registered")

    def hang_up_all(self) -> None:
        """End every call of the carrier."""
        self.process.command("channel request hangup all")

    def hang_up_customers(self) -> None:
        """Let every customer of the carrier hang up; the agents' phones are left alone."""
        for line in self.process.command("core show channels concise").splitlines():
            channel = line.partition("!")[0]
            if channel.startswith("Local/") and channel.endswith(";1"):
                self.process.command(f"channel request hangup {channel}")

    def active_channels(self) -> int:
        """How many channels the carrier has now."""
        words = self.process.command("core show channels count").split()
        return int(words[0])
