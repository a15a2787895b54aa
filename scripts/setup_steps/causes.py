"""Reads the output of a failed program and says what was wrong and what to do next."""

import re
from collections.abc import Iterable
from typing import Final

AGAIN: Final = "make setup"

_TABLE: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r"No space left on device|ENOSPC|Disk quota exceeded",
        "the disk is full",
        f"free about 2 GB (df -h shows where), then again: {AGAIN}",
    ),
    (
        r"Could not get lock|Unable to acquire the dpkg frontend lock",
        "another apt or dpkg is at work",
        f"wait until it has ended (ps -e | grep -E 'apt|dpkg'), then again: {AGAIN}",
    ),
    (
        r"dpkg was interrupted",
        "an earlier dpkg was interrupted",
        f"as root: dpkg --configure -a, then again: {AGAIN}",
    ),
    (
        r"DO NOT MATCH THE HASHES|EINTEGRITY|Hash Sum mismatch",
        "a downloaded package is not the one whose hash is locked",
        "delete the caches (pip cache purge; npm cache clean --force) and try again; "
        "if it stays, the package index serves a changed file: do not install it",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|unable to get local issuer certificate",
        "the certificate of the package index is not trusted here",
        "name your company's certificate file in PIP_CERT and NODE_EXTRA_CA_CERTS, "
        f"then again: {AGAIN}",
    ),
    (
        r"Temporary failure (in name resolution|resolving)|EAI_AGAIN|ENOTFOUND|ECONNREFUSED"
        r"|ETIMEDOUT|Could not connect|Connection (timed out|refused)|Network is unreachable"
        r"|Failed to establish a new connection|NewConnectionError|Read timed out",
        "a package source cannot be reached",
        "check the network and the proxy settings (https_proxy; apt, pip and npm have their own), "
        f"then again: {AGAIN}",
    ),
    (
        r"\(from versions: none\)",
        "the package index knows no version at all of a package that is needed: it cannot be "
        "reached, or is not the right one",
        "check the network and pip's settings (.venv/bin/pip config list, PIP_INDEX_URL), "
        f"then again: {AGAIN}",
    ),
    (
        r"No matching distribution found|Could not find a version that satisfies",
        "the package index has no file for this Python and processor",
        "use Python 3.11, 3.12 or 3.13 on amd64 or arm64: "
        f"rm -rf .venv && PYTHON=python3.11 {AGAIN}",
    ),
    (
        r"can only install packages when your package\.json and package-lock\.json",
        "package.json and package-lock.json disagree",
        f"npm install --prefix agent_console/web, commit package-lock.json, then again: {AGAIN}",
    ),
    (
        r"Unable to locate package|has no installation candidate|unable to find package",
        "apt does not know a package that is needed",
        "enable Debian's `main` component in /etc/apt/sources.list*, as root: apt-get update, "
        f"then again: {AGAIN}",
    ),
    (
        r"is not valid yet|Release file .* expired|is expired",
        "the package mirror's index is out of date, or this machine's clock is wrong",
        f"check the clock with `date` and the mirror, then again: {AGAIN}",
    ),
    (
        r"NO_PUBKEY|signatures couldn't be verified|is not signed",
        "apt does not trust the signature of the package mirror",
        f"as root: apt-get install debian-archive-keyring, then again: {AGAIN}",
    ),
    (
        r"Permission denied|EACCES",
        "a file belongs to somebody else",
        f'as root: chown -R "$(logname)" this folder, then again: {AGAIN}',
    ),
)


def explain(lines: Iterable[str]) -> tuple[str, str] | None:
    """Return cause and next step for the first known fault in ``lines``, else ``None``."""
    text = "\n".join(lines)
    for pattern, cause, next_step in _TABLE:
        if re.search(pattern, text):
            return cause, next_step
    return None
