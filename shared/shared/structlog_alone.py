"""structlog without rich, which it imports to draw what services never draw: a tenth of their start."""

import sys

_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog
    from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger
finally:
    del sys.modules["rich"]
    if _rich is not None:
        sys.modules["rich"] = _rich

__all__ = ["EventDict", "FilteringBoundLogger", "WrappedLogger", "structlog"]
