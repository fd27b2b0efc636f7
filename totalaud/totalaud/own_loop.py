"""A client is of one event loop: in another one its answers would never be heard, or end the process."""

import asyncio


class OwnLoop:
    """The loop that it is made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def check(self) -> None:
        """Raise RuntimeError in another one."""
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("this client was connected in another event loop: connect one in each")
