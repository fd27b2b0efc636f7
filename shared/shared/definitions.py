"""What a skill and an agent are, once compiled from their files."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.message import File
from shared.subjects import Pool

SkillName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Category = Literal["research", "generation", "analysis", "communication"]
InDoubt = Literal["repeat", "ask"]
DEFAULT_TIMEOUT_S: dict[Pool, float] = {"custom": 5.0, "openai": 30.0, "anthropic": 30.0}
OWNER = "contact_id"


def filled_in(functions: Collection[str]) -> tuple[str, ...]:
    """Return those fields of an answer that the engine knows best; a skill without `check` has fewer."""
    return (OWNER, "checks", "basis", "meta") if "check" in functions else (OWNER,)


class SkillConfig(File):
    """How a skill is run. Times in seconds.

    `instructions` is the system prompt of an AI skill. With `for_each`, an AI skill is called once for each
    item of that input list and collects the answers in the output list `into`; it has `timeout_s` for as many
    as are asked for at once. `asks` are those fields of an answer that the model writes, all where it is
    empty. Of each group in `one_of`, the input has at least one field; the input schema says so too. A result
    up to `cache_s` old answers the same question again while the records are as they were: those of the user,
    with `cohort` those of all users. `in_doubt` says what becomes of a step whose runner was lost after it
    may have called a provider: the step is tried again (the default), or somebody is asked. With
    `writes_to_people` an input that names a contact who is suppressed or erased is refused, with
    `proposes_people` the object in it that does so is given `suppressed: true`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    backoff_s: Annotated[float, Field(ge=0, le=3600)] = 0.5
    max_tokens: Annotated[int, Field(ge=1, le=200_000)] = 1024
    instructions: str | None = None
    for_each: str | None = None
    into: str | None = None
    asks: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    cache_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    cohort: bool | None = None
    in_doubt: InDoubt | None = None
    writes_to_people: bool | None = None
    proposes_people: bool | None = None


class SkillDefinition(File):
    """One skill as the log keeps it.

    The schemas are JSON Schema 2020-12, self-contained (`$defs` inside). `hash` is sha256 over the YAML, the
    Python file and the types it uses; `python_hash` is that of the Python file and the library
    (`shared.skill_source`), `functions` what it has for the answers of a model.
    """

    name: SkillName
    version: str = "1"
    category: Category
    description: str | None = None
    provider: Pool
    model: str | None = None
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    config: SkillConfig = SkillConfig()
    enabled: bool = True
    is_beta: bool = False
    hash: str
    python_hash: str | None = None
    functions: tuple[str, ...] = ()

    @property
    def timeout_s(self) -> float:
        return self.config.timeout_s or DEFAULT_TIMEOUT_S[self.provider]


class AgentDefinition(File):
    """One agent; `name` ends in `-agent`."""

    name: SkillName
    domain: str
    emoji: str = ""
    voice: str = ""
    greeting: str = ""
    skills: tuple[SkillName, ...]


def agent_name(name: str) -> str:
    """`scout-agent` is stored, `scout` accepted."""
    return name if name.endswith("-agent") else f"{name}-agent"
