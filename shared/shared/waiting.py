"""Messages that wait to be handled: whoever sent many has each other sender's next one go before their own."""

from collections import OrderedDict, deque

from nats.aio.msg import Msg


class Waiting:
    """In turn by the second word of the subject: a user, at the doors. Who has sent one waits for one of each."""

    def __init__(self) -> None:
        self.bytes = 0
        self._queues: OrderedDict[str, deque[Msg]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def put(self, message: Msg) -> None:
        self.bytes += len(message.data)
        self._queues.setdefault(_sender(message), deque()).append(message)

    def take(self) -> Msg:
        sender, queue = next(iter(self._queues.items()))
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


def _sender(message: Msg) -> str:
    return message.subject.split(".", 2)[1]
