"""Returns another token each time it is run; it fails, or says that it is a template, when told to."""

from uuid import uuid4


def run(input, context):
    if input["text"] == "fail":
        raise RuntimeError
    found = {"token": uuid4().hex, "contact": input.get("contact")}
    return found | ({"basis": "template"} if input["text"] == "template" else {})
