"""Messages that wait to be handled, each sender in turn: many of one do not go before the next of another."""

from collections import OrderedDict, deque

from nats.aio.msg import Msg


class Waiting:
    """A sender is the second word of the subject: at the doors, a user. Bytes are those of the bodies."""

    def __init__(self) -> None:
        self.bytes = 0
        self._queues: OrderedDict[str, deque[Msg]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, sender: str) -> bool:
        return sender in self._queues

    def put(self, message: Msg) -> None:
        self.bytes += len(message.data)
        self._queues.setdefault(sender_of(message), deque()).append(message)

    def take(self, sender: str | None = None) -> Msg:
        """Take the next message of whose turn it is, or of this sender."""
        if sender is None:
            sender = next(iter(self._queues))
        queue = self._queues[sender]
        message = queue.popleft()
        self.bytes -= len(message.data)
        if queue:
            self._queues.move_to_end(sender)
        else:
            del self._queues[sender]
        return message

    def clear(self) -> None:
        self._queues.clear()
        self.bytes = 0


def sender_of(message: Msg) -> str:
    return message.subject.partition(".")[2].partition(".")[0]
