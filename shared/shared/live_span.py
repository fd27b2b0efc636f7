"""The spans that are open in this process, and which of them is the current one.

They are ours and not the SDK's: those cost three times as much to make, on the way of every step.
"""

import random
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from datetime import datetime
from types import TracebackType
from typing import Self

from shared import genai
from shared.clock import utc_now
from shared.span import Attribute, Attributes, Kind, Span
from shared.trace_ids import Context

Tell = Callable[[Sequence[Span]], None]


class Tree:
    """The spans of one piece of work, told when the outermost has ended, that one first.

    So a kill in between loses the piece, but never leaves a span whose parent nobody has.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._inside: list[Span] | None = []

    def ended(self, span: Span, *, outermost: bool) -> None:
        with self._lock:
            inside = self._inside
            if outermost:
                self._inside = None
            elif inside is not None:
                return inside.append(span)
        return self._tell([span, *(inside or ())])


class NoSpan:
    """What is opened while tracing is off."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def set_attributes(self, attributes: Attributes) -> None:
        """Add to what the span says; none of it is personal."""

    def set_attribute(self, name: str, value: Attribute) -> None:
        self.set_attributes({name: value})


class LiveSpan(NoSpan):
    """The current span while it is open; it shares the `tree` of the span it is opened in."""

    def __init__(
        self,
        name: str,
        context: Context,
        parent: str | None,
        tree: Tree,
        *,
        outermost: bool,
        kind: Kind,
        attributes: Attributes | None,
    ) -> None:
        self.context = context
        self.tree = tree
        self._name = name
        self._parent = parent
        self._outermost = outermost
        self._kind = kind
        self._attributes = dict(attributes or {})
        self._start: datetime
        self._before: Token[LiveSpan | None]

    def __enter__(self) -> Self:
        self._before = _current.set(self)
        self._start = utc_now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _current.reset(self._before)
        if kind is not None:
            self._attributes[genai.ERROR] = kind.__name__
        if self.context.sampled:
            self.tree.ended(self._told(failed=genai.ERROR in self._attributes), outermost=self._outermost)

    def set_attributes(self, attributes: Attributes) -> None:
        self._attributes.update(attributes)

    def _told(self, *, failed: bool) -> Span:
        return Span(
            self.context.trace_id,
            self.context.span_id,
            self._parent,
            self._name,
            self._start,
            utc_now(),
            self._attributes,
            failed,
            kind=self._kind,
        )


_current: ContextVar[LiveSpan | None] = ContextVar("span", default=None)


def current() -> LiveSpan | None:
    return _current.get()


def new_id(digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"
