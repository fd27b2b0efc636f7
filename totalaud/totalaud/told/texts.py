"""Tells texts that a model or a template wrote, and which checks they did not pass."""

from totalaud.told.figures import Json, Lines, meta
from totalaud.told.lines import all_wrapped, wrapped


def pitches(output: Json) -> Lines:
    lines: Lines = []
    for pitch in output.get("pitches") or [output]:
        lines += [*wrapped(f"Subject: {pitch['subject']}", "", "         "), ""]
        lines += all_wrapped(str(pitch["body"]).splitlines())
        if pitch.get("facts_used"):
            lines += ["", *wrapped(f"facts used: {', '.join(map(str, pitch['facts_used']))}", "", "  ")]
        lines += [*_failed(pitch), *_by_template(pitch, output), ""]
    others = [one for one in output.get("subject_options") or () if one != output.get("subject")]
    if others:
        lines += ["Other subjects:", *all_wrapped(others, "  ", "  ")]
    return [*lines, *all_wrapped(map(str, output.get("notes") or ()), "! ", "  "), *meta(output)]


def press(output: Json) -> Lines:
    lines = [*wrapped(str(output["headline"]).upper()), "", *wrapped(str(output["standfirst"])), ""]
    for name in ("body", "boilerplate", "notes_to_editors"):
        heading = ["Notes to editors"] if name == "notes_to_editors" else []
        lines += [*heading, *all_wrapped(str(output[name]).splitlines()), ""]
    used = ", ".join(output["facts_used"]) or "none"
    lines += wrapped(f"{output['word_count']} words; facts used: {used}", "", "  ")
    if output["missing"]:
        lines += wrapped(f"missing: {', '.join(output['missing'])}", "! ", "  ")
    return [*lines, *_failed(output), *meta(output)]


def summary(output: Json) -> Lines:
    return [*wrapped(str(output["text"])), *_failed(output), *meta(output)]


def _failed(text: Json) -> Lines:
    """Name the checks that a text did not pass; only a template's can be like that."""
    failed = [one["name"] for one in text.get("checks") or () if not one["passed"]]
    return wrapped(f"not as it should be: {', '.join(failed)}", "! ", "  ") if failed else []


def _by_template(pitch: Json, output: Json) -> Lines:
    """Say so of one pitch where others are a model's."""
    alone = (output.get("meta") or {}).get("basis") != "template"
    mine = pitch.get("basis") == "template" and alone
    return wrapped("This one is from the template: no model wrote it.", "! ", "  ") if mine else []
