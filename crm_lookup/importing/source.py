"""Opens a file of any kind that can be imported."""

from pathlib import Path
from typing import Final

from crm_lookup.importing.delimited import DelimitedSource
from crm_lookup.importing.errors import FileError
from crm_lookup.importing.mapping_model import FileOptions
from crm_lookup.importing.parquet import ParquetSource
from crm_lookup.importing.rows import Source
from crm_lookup.importing.sheets import SheetSource

_BY_NAME: Final = {".xlsx": "xlsx", ".xlsm": "xlsx", ".parquet": "parquet", ".pq": "parquet"}


def open_source(path: Path, options: FileOptions) -> Source:
    """Open the file and read its header.  Raises :class:`FileError` when that cannot be done."""
    if not path.is_file():
        raise FileError(f"{path} is no file; give the path of one, not a folder or a pipe")
    kind = options.format
    if kind == "auto":
        kind = _BY_NAME.get(path.suffix.lower(), "csv")  # type: ignore[assignment] # of the same words
    try:
        if kind == "xlsx":
            return SheetSource(path, sheet=options.sheet, header_row=options.header_row)
        if kind == "parquet":
            return ParquetSource(path)
        return DelimitedSource(
            path,
            encoding=options.encoding,
            delimiter={"tab": "\t", "auto": ""}.get(options.delimiter, options.delimiter),
            header_row=options.header_row,
        )
    except PermissionError as error:
        raise FileError(f"{path} may not be read by this user") from error
