"""What several modules begin with."""

import pytest

from histories import definitions
from projectorstage import Writer
from shared.bus import Bus


@pytest.fixture
async def writer(bus: Bus) -> Writer:
    """Writes into a log that has the stories' skills and agents."""
    writer = Writer(bus)
    await writer.write(definitions())
    return writer
