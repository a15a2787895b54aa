"""A model as one file that is safe to load: a zip of JSON and two skops members.

Loading builds objects of a closed list of types and runs nothing of the file's choosing, unlike a
pickle.  ``measured`` was fitted without the hold-out and is what the card speaks of; ``final`` is
the same recipe fitted on all rows and is what scores.
"""

import os
import zipfile
from pathlib import Path
from typing import Any, Final

import msgspec
import skops.io

from crm_lookup.models.encoding import Encoding
from crm_lookup.models.errors import ModelError
from crm_lookup.models.measure import Measures

FORMAT: Final = 1
_LARGEST: Final = 512 * 1024 * 1024
TRUSTED: Final = (
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils._bunch.Bunch",
)
"""What a model holds beyond the types that skops itself knows to be harmless."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, and how good: all figures are of the hold-out."""

    format: int = FORMAT
    version: int
    """Counts up each time a file of this name is replaced."""
    trained_at: float
    label: str
    positive: str
    """The value of ``label`` that counts as yes."""
    rows: int
    hold_out_rows: int
    yes_share: float
    seed: int
    recipe: str
    cross_validation: dict[str, float]
    """Mean AUC of each size that was tried, on the training rows."""
    model: Measures
    majority: Measures
    logistic: Measures
    skipped: dict[str, str]
    libraries: dict[str, str]


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    card: ModelCard
    encoding: Encoding
    """Of ``final``."""
    measured_encoding: Encoding
    measured: Any
    final: Any


def save(artefact: Artefact, path: Path) -> None:
    """Write the file whole or not at all; an earlier version stays as ``NAME.vN``.

    Raises :class:`ModelError`.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    members = {
        "card.json": msgspec.json.format(msgspec.json.encode(artefact.card)),
        "encoding.json": msgspec.json.encode(artefact.encoding),
        "measured.json": msgspec.json.encode(artefact.measured_encoding),
        "measured.skops": skops.io.dumps(artefact.measured),
        "final.skops": skops.io.dumps(artefact.final),
    }
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members.items():
                # A fixed date: the same model is the same file.
                file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        if path.exists() and artefact.card.version > 1:
            path.replace(path.with_name(f"{path.name}.v{artefact.card.version - 1}"))
        beside.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; name another file with --out") from error
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> Artefact:
    """Read a model.  Raises :class:`ModelError` when it is none, or holds a type not listed."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(info.file_size for info in file.infolist()) > _LARGEST:
                raise ModelError(f"{path} is too large for a model; train it anew")
            card = msgspec.json.decode(file.read("card.json"), type=ModelCard)
            encoding = msgspec.json.decode(file.read("encoding.json"), type=Encoding)
            of_measured = msgspec.json.decode(file.read("measured.json"), type=Encoding)
            measured, final = file.read("measured.skops"), file.read("final.skops")
    except (OSError, zipfile.BadZipFile, KeyError, msgspec.MsgspecError) as error:
        raise ModelError(
            f"{path} is no model ({error}); make one with: hotline customers train"
        ) from error
    if card.format != FORMAT:
        raise ModelError(f"{path} has format {card.format}, not {FORMAT}; train it anew")
    return Artefact(
        card=card,
        encoding=encoding,
        measured_encoding=of_measured,
        measured=_object(path, measured),
        final=_object(path, final),
    )


def _object(path: Path, content: bytes) -> Any:
    try:
        strange = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
        if strange:
            raise ModelError(f"{path} holds {', '.join(strange)}, which no model of ours needs")
        return skops.io.loads(content, trusted=list(TRUSTED))
    except ModelError:
        raise
    except Exception as error:  # a damaged member may fail anywhere in skops or numpy
        raise ModelError(f"{path} is damaged ({error}); train it anew") from error
