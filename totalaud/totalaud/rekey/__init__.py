"""The change of the master key."""
