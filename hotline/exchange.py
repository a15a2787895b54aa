"""Our own Asterisk as one thing: render its files, start or adopt it, keep its phones fresh."""

from collections.abc import Iterable
from datetime import UTC, datetime

import structlog

from hotline import ports, tls
from hotline.asterisk.errors import AsteriskStartError
from hotline.asterisk.layout import Dirs
from hotline.asterisk.locate import MINIMUM, Install, locate
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.render import Phone, Tls, render, write
from hotline.asterisk.secrets import load_secrets
from hotline.asterisk.sounds import CHECKOUT_STATE, telephone_sounds
from hotline.settings import Settings

log = structlog.get_logger(__name__)

__all__ = ["CHECKOUT_STATE", "Exchange", "find_install"]


def find_install(settings: Settings) -> Install:
    """Return the Asterisk that these settings lead to; warn when it is too old."""
    install = locate(settings.asterisk.root, (settings.state_dir, CHECKOUT_STATE))
    if not install.recent:
        wanted = ".".join(str(part) for part in MINIMUM)
        log.warning("asterisk_too_old", found=install.version, wanted=wanted)
    return install


class Exchange:
    """The private Asterisk of one installation.  Its methods block."""

    def __init__(self, settings: Settings, install: Install | None = None) -> None:
        self.settings = settings
        self.install = install or find_install(settings)
        self.dirs = Dirs(settings.state_dir / "asterisk")
        self.process = AsteriskProcess(self.install, self.dirs, settings.asterisk.user)

    def files(self, phones: Iterable[Phone]) -> dict[str, str]:
        """Return the configuration files as they should be."""
        return render(
            self.settings,
            load_secrets(self.settings),
            self.install,
            self.dirs,
            phones=phones,
            tls=self._tls(),
        )

    def start(self, phones: Iterable[Phone] = ()) -> bool:
        """Bring Asterisk up with current files; return whether a living one was adopted.

        Raises :class:`AsteriskStartError`, also when a port is taken by somebody else: Asterisk
        itself would come up without that socket and say so only in its log.
        """
        self.dirs.prepare(self.install, telephone_sounds(self.dirs.base))
        if self.process.pid() is None:
            self._check_ports()
        changed = write(self.files(phones), self.dirs.etc, self.process.owner)
        adopted = self.process.start()
        if adopted and changed:
            log.info("asterisk_reloaded", files=sorted(changed))
            self.process.reload()
        return adopted

    def refresh(self, phones: Iterable[Phone]) -> bool:
        """Render again and reload if anything changed; living calls go on."""
        changed = write(self.files(phones), self.dirs.etc, self.process.owner)
        if changed:
            self.process.reload(changed)
        return bool(changed)

    def stop(self, *, patience: float = 0.0) -> None:
        """Stop Asterisk, waiting up to ``patience`` seconds for its calls to end."""
        self.process.stop(patience=patience)

    def taken_ports(self) -> list[str]:
        """The sockets that somebody else holds, described for a person."""
        ast, ami = self.settings.asterisk, self.settings.ami
        wanted: list[tuple[str, str, int, ports.Kind]] = [
            ("SIP", ast.sip_bind, ast.sip_port, "udp"),
            ("SIP", ast.sip_bind, ast.sip_port, "tcp"),
            ("SIP over WebSocket", ast.websocket_bind, ast.websocket_port, "tcp"),
            ("AMI", ami.host, ami.port, "tcp"),
        ]
        if ast.sip_tls_port:
            wanted.append(("SIP over TLS", ast.sip_bind, ast.sip_tls_port, "tcp"))
        return [
            f"{what} {host}:{port}/{kind}"
            for what, host, port, kind in wanted
            if not ports.is_free(host, port, kind)
        ]

    def _check_ports(self) -> None:
        taken = self.taken_ports()
        if taken:
            message = (
                f"taken by another program: {', '.join(taken)}; end it (`ss -tulpn` names it) "
                "or set other ports in [asterisk] and [ami]"
            )
            raise AsteriskStartError(message)

    def _tls(self) -> Tls | None:
        pair = tls.certificate_files(self.settings, now=datetime.now(UTC))
        if pair is None or self.settings.asterisk.sip_tls_port is None:
            return pair
        return tls.readable_by(self.process.owner, pair, self.dirs.lib / "keys")
