"""What Asterisk plays: 8 kHz recordings, derived from the masters once and then kept.

The tree carries one 16 kHz master of each recording (FLAC).  What is derived stands in a folder
named after the masters' manifests, in the checkout's state or else below the folder of whoever
needs it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import structlog

from hotline.asterisk.errors import AsteriskStartError
from hotline.asterisk.render import SOUNDS
from ivr.audio import MASTER_RATE, TELEPHONE_RATE, read_master, resample, write_telephone
from ivr.prompt_ids import LANGUAGES

CHECKOUT_STATE: Final = (Path(__file__).resolve().parents[2] / ".state").resolve()
"""Where set-up puts what it provides, in a checkout."""

_FORM: Final = "1"
"""Changes when masters are derived in another way."""
_log = structlog.get_logger(__name__)


def telephone_sounds(own: Path, masters: Path = SOUNDS) -> Path:
    """Return the folder with ``zh/hotline``, ``en/hotline`` and ``moh``, made if there is none.

    ``own`` is a folder that may be written to.  Raises :class:`AsteriskStartError`.
    """
    key = _key(masters)
    homes = [CHECKOUT_STATE, own] if masters == SOUNDS else [own]
    for home in homes:
        if (found := home / "sounds" / key).is_dir():
            return found
    home = next(home for home in homes if home is own or os.access(home, os.W_OK))
    made = home / "sounds" / key
    try:
        count = derive(masters, made)
    except (OSError, ValueError) as error:
        raise AsteriskStartError(
            f"the recordings cannot be made ready for the telephone: {error}"
        ) from error
    _log.info("recordings_derived", count=count, folder=str(made))
    return made


def derive(masters: Path, target: Path) -> int:
    """Derive every recording at 8 kHz; return how many.  The folder is whole or not there.

    Raises :class:`OSError`, or :class:`ValueError` for a master that cannot be read.
    """
    count = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as scratch:
        folder = Path(scratch) / "sounds"
        for language in LANGUAGES:
            (folder / language / "hotline").mkdir(parents=True)
            for master in sorted((masters / language / "hotline").glob("*.flac")):
                samples = resample(read_master(master), MASTER_RATE, TELEPHONE_RATE)
                write_telephone(folder / language / "hotline" / f"{master.stem}.wav", samples)
                count += 1
        shutil.copytree(masters / "moh", folder / "moh")
        for made in (folder, *folder.rglob("*")):
            made.chmod(0o755 if made.is_dir() else 0o644)
        with contextlib.suppress(OSError):  # somebody else was faster
            folder.rename(target)
    return count


def _key(masters: Path) -> str:
    told = hashlib.sha256(_FORM.encode())
    for language in LANGUAGES:
        file = masters / language / "manifest.json"
        told.update(file.read_bytes() if file.is_file() else b"none")
    for file in sorted((masters / "moh").iterdir()):
        told.update(f"{file.name} {file.stat().st_size}".encode())
    return told.hexdigest()[:16]
