"""Everything that an operator can set, and how it is read."""

from hotline.settings.load import SettingsError, load_settings
from hotline.settings.model import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
