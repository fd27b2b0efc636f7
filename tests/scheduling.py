"""How tests are shared out: a file's tests stay together, in order, for they stand on the same servers."""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

FIRST = "tests/unit/test_simulation.py"
APART = (FIRST, "tests/unit/test_fuzz", "tests/integration/test_stack.py")


class ByFile(LoadScopeScheduling):
    """Files as they come; long ones whose tests have nothing in common are split."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return nodeid if file.startswith(APART) else file


def in_order(items: list[pytest.Item]) -> None:
    """Begin with what wants all processors at once for a minute; then chaos, which mostly waits."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
