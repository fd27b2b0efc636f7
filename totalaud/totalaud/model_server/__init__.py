"""A small model server that answers as OpenAI and Anthropic do: all runs with no key, and only simulates."""
