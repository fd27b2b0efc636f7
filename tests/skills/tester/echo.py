"""Returns what it is given."""


def run(input, context):
    return {"text": input["text"]}
