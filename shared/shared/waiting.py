"""Messages that wait to be handled, each sender in turn: many of one do not go before the next of another."""

from collections import Counter, OrderedDict, deque

from nats.aio.msg import Msg

AROUND = 1_000


class Waiting:
    """A sender is the second word of the subject: at the doors, a user.

    Bytes are what memory they take: a message without a body takes some, too, and its headers may be long.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._queues: OrderedDict[str, deque[Msg]] = OrderedDict()
        self._bytes: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, sender: str) -> bool:
        return sender in self._queues

    def put(self, message: Msg) -> None:
        sender = sender_of(message)
        self._queues.setdefault(sender, deque()).append(message)
        self._count(sender, _size(message))

    def take(self, sender: str | None = None) -> Msg:
        """Take the next message of whose turn it is, or of this sender."""
        if sender is None:
            sender = next(iter(self._queues))
        queue = self._queues[sender]
        message = queue.popleft()
        self._count(sender, -_size(message))
        if queue:
            self._queues.move_to_end(sender)
        else:
            self._forget(sender)
        return message

    def drop(self) -> None:
        """Let go of the newest message of the sender whose messages take the most."""
        sender, _ = self._bytes.most_common(1)[0]
        self._count(sender, -_size(self._queues[sender].pop()))
        if not self._queues[sender]:
            self._forget(sender)

    def clear(self) -> None:
        self._queues.clear()
        self._bytes.clear()
        self.bytes = 0

    def _count(self, sender: str, size: int) -> None:
        self.bytes += size
        self._bytes[sender] += size

    def _forget(self, sender: str) -> None:
        del self._queues[sender], self._bytes[sender]


def _size(message: Msg) -> int:
    headers = message.headers or {}
    return AROUND + len(message.data) + sum(len(name) + len(value) for name, value in headers.items())


def sender_of(message: Msg) -> str:
    return message.subject.partition(".")[2].partition(".")[0]
