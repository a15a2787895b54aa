"""Certificates: the operator's own, or a self-signed pair for a trial."""

import datetime as dt
import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hotline.asterisk.render import Tls, write
from hotline.settings import Settings

TRIAL_DAYS: Final = 365


def certificate_files(settings: Settings, *, now: dt.datetime) -> Tls | None:
    """Return the certificate files, making a self-signed pair where the settings ask for it.

    ``None`` means plain HTTP.
    """
    tls = settings.tls
    if tls.certificate is not None and tls.key is not None:
        return Tls(certificate=tls.certificate, key=tls.key)
    if not tls.self_signed:
        return None
    pair = Tls(
        certificate=settings.state_dir / "tls" / "certificate.pem",
        key=settings.state_dir / "tls" / "key.pem",
    )
    if not pair.certificate.exists() or expires(pair.certificate) < now + dt.timedelta(days=1):
        _make_self_signed(pair, now)
    return pair


def readable_by(owner: tuple[int, int] | None, pair: Tls, folder: Path) -> Tls:
    """Return a copy in ``folder`` that belongs to ``owner`` (``uid, gid``); the pair without one.

    Asterisk runs as another user, who may not be able to read the operator's key.
    """
    if owner is None:
        return pair
    own = Tls(certificate=folder / "sip.pem", key=folder / "sip.key")
    write(
        {"sip.pem": pair.certificate.read_text(), "sip.key": pair.key.read_text()}, folder, owner
    )
    return own


def expires(certificate: Path) -> dt.datetime:
    """Return when the certificate ends (UTC).  Raises ``OSError`` or ``ValueError``."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def _make_self_signed(pair: Tls, now: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    names: list[x509.GeneralName] = [
        x509.DNSName(host),
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=TRIAL_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair.certificate.parent.mkdir(parents=True, exist_ok=True)
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    descriptor = os.open(pair.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
