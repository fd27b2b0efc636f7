"""What is to be run."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.peers.field import Peer
from bench.run import Load, Sync


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of the log in sessions, the smallest first; `peers` may be none."""

    sizes: Sequence[int]
    syncs: Sequence[Sync]
    rounds: int
    load: Load
    peers: Sequence[Peer]
