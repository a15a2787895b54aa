"""What can go wrong with learned models; every message says what to do next."""

from crm_lookup.errors import CrmError


class ModelError(CrmError):
    """A table or a model cannot be used as asked."""


class WorseModelError(ModelError):
    """The new model is not good enough to take the place of what there is."""
