"""What spans say of an attempt, and of what was used."""

from collections.abc import Iterable

from shared import genai
from shared.events import AttemptRequested
from shared.span import Attribute
from shared.usage import Cached, Usage

Values = dict[str, Attribute]


def attempt_attributes(requested: AttemptRequested, conversation: str, agent: str | None) -> Values:
    """Say what was asked, by whom, and in which session."""
    about: Values = {
        genai.OPERATION: genai.EXECUTE_TOOL,
        genai.TOOL: requested.skill,
        genai.TOOL_TYPE: "function",
        genai.TOOL_CALL: str(requested.attempt_id),
        genai.CONVERSATION: conversation,
        genai.STEP: requested.step,
        genai.ATTEMPT: requested.attempt,
        genai.POOL: requested.pool,
        genai.SKILL_HASH: requested.skill_hash,
    }
    return {**about, genai.AGENT: agent} if agent else about


def usage_attributes(usages: Iterable[Usage | None]) -> Values:
    """Add up what was used; nothing where nothing was."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return {}
    unpriced = sum(usage.calls for usage in known if usage.cost_usd is None)
    used: Values = {
        genai.ALL_INPUT_TOKENS: sum(usage.input_tokens for usage in known),
        genai.ALL_OUTPUT_TOKENS: sum(usage.output_tokens for usage in known),
        genai.ALL_CACHED_TOKENS: sum(usage.cached_tokens for usage in known),
        genai.COST_USD: float(sum(usage.cost_usd or 0 for usage in known)),
        genai.LIST_PRICE_USD: float(sum(usage.list_price_usd or 0 for usage in known)),
        genai.SIMULATED: any(usage.simulated for usage in known),
    }
    return {**used, genai.UNPRICED_CALLS: unpriced} if unpriced else used


def cache_attributes(cached: Cached | None) -> Values:
    """Say of a result that was there already where it came from, and what it saved where that is known."""
    if cached is None:
        return {}
    told: Values = {genai.CACHE_HIT: True, genai.CACHED_FROM: str(cached.from_attempt)}
    return told if cached.saved_usd is None else {**told, genai.SAVED_USD: float(cached.saved_usd)}
