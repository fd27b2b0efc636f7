"""Never ends."""


def run(input, context):
    while True:
        pass
