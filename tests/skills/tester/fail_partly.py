"""Yields what it has, then fails unless it may reach five."""


def run(input, context):
    numbers = []
    for number in range(1, 6):
        if number > input["until"]:
            raise RuntimeError
        numbers.append(number)
        yield {"numbers": list(numbers)}
