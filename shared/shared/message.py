"""The base of everything that is sent or stored."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Immutable and closed: an unknown field is an error. What the outside sends us."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Stored(BaseModel):
    """Immutable and open: a field that a newer release added is passed over. What the log keeps."""

    model_config = ConfigDict(frozen=True, extra="ignore")
