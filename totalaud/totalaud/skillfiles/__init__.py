"""Skills and agents from their files, with every fault at its line."""

from totalaud.skillfiles.folder import Loaded, load
from totalaud.skillfiles.problem import Problem

__all__ = ["Loaded", "Problem", "load"]
