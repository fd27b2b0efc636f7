"""The AI providers, each through its own SDK."""
