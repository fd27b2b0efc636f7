"""How tests are shared out: a file's tests stay together, in order, for they stand on the same servers."""

from xdist.scheduler.loadscope import LoadScopeScheduling

APART = ("tests/unit/test_simulation.py", "tests/unit/test_fuzz", "tests/integration/test_stack.py")


class ByFile(LoadScopeScheduling):
    """Files as they come, chaos first; long ones whose tests have nothing in common are split."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return nodeid if file.startswith(APART) else file
