"""What a process that crashes leaves of its memory, where names are and the keys that open them: nothing."""

import resource


def leave_no_core() -> None:
    """Hold for this process and all that it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
