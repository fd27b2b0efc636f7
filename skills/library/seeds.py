"""Chance that comes out the same for the same question."""

import json
from hashlib import sha256
from typing import Any

import numpy as np


def generator(*of: Any) -> np.random.Generator:
    """Return a generator seeded by what it is drawn for."""
    text = json.dumps(of, sort_keys=True, default=str)
    return np.random.default_rng(int.from_bytes(sha256(text.encode()).digest()[:8], "big"))
