"""Returns nothing, which is an output too."""


def run(input, context):
    return None
