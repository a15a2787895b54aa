"""What can keep a whole file from being imported; single rows are rejected, never raised."""

from crm_lookup.errors import CrmError


class ImportingError(CrmError):
    """Nothing of the file was imported; the message says why and what to do."""


class FileError(ImportingError):
    """The file cannot be read as what it is said to be."""


class MappingError(ImportingError):
    """The mapping file has a fault; the message names file, line and what is accepted."""


class MissingLibraryError(ImportingError):
    """A format needs a library that is not installed."""


class BusyError(ImportingError):
    """Another import is running."""
