"""What all sections of the settings have in common: their base, and the kinds of their values.

Unknown keys are refused everywhere (``extra="forbid"``), so that a typing error is never silent.
"""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Dnis = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
Language = Literal["zh", "en"]
Network = IPv4Network | IPv6Network
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]_-]+$")]
Codec = Literal["alaw", "ulaw", "g722", "opus", "gsm"]
OfficeHours = Annotated[
    str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00))?$")
]
PlainSecret = Annotated[SecretStr, Field(min_length=8)]

_UNSAFE = re.compile(r"[\x00-\x1f;\[\]]")


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="after")
    def _refuse_text_that_breaks_a_conf_file(self) -> Self:
        for name, value in self:
            text = value.get_secret_value() if isinstance(value, SecretStr) else value
            if isinstance(text, str) and name != "host" and _UNSAFE.search(text):
                message = f"{name}: control characters, ';', '[' and ']' are not accepted"
                raise ValueError(message)
        return self
