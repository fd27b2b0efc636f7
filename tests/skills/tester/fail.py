"""Never works."""


def run(input, context):
    raise RuntimeError(input["text"])
