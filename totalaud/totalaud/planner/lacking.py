"""What a question still has to say before it can be answered, or says twice."""

from collections.abc import Collection, Mapping

from totalaud.planner.question import MOST_PITCHES, Intent, Question
from totalaud.planner.words import PLATFORMS

WRITTEN_TO: frozenset[Intent] = frozenset({"pitch", "predict"})
BY_ADDRESS = "; a contact is named by outlet or e-mail address"


def lacks_whom(intent: Intent, names: Mapping[str, Collection[str]]) -> str:
    """Say how people are named, where an unknown word may be one's name: those are sealed, and not read."""
    return BY_ADDRESS if intent in WRITTEN_TO and not (names["outlet"] or names["contact"]) else ""


def lacks(question: Question) -> str | None:
    """Return what is missing, None where nothing is."""
    kind, named = question.genres or question.regions, question.outlet or question.contact
    if question.outlet and question.contact:
        return "name an outlet or an e-mail address, not both"
    match question.intent:
        case "find" if not (kind or named):
            return (
                "name a genre, a place or an outlet to look for, or a contact's e-mail address; "
                "'totalaud contacts list' shows all, and --type those of a kind"
            )
        case "pitch" if not (named or (question.type and kind)):
            return (
                "to whom? Name an outlet, such as BBC Radio 6 Music or one of your contacts' outlets, "
                "or a contact's e-mail address"
            )
        case "pitch" if (question.limit or 0) > MOST_PITCHES:
            return f"I write to at most {MOST_PITCHES} contacts at a time"
        case "hashtags" if question.platform is None:
            return "for which platform? " + ", ".join(sorted(set(PLATFORMS.values())))
        case "predict" if question.outcome is None:
            return "what would be a success? Say whether they answer, are interested, or place it"
        case "predict" if named and kind:
            return "name an outlet or an e-mail address, or a genre or place: not both"
        case _:
            return None
