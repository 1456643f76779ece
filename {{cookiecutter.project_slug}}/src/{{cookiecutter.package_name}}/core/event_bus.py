"""Pass messages between parts of the program."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any], None]


class EventBus:
    """Deliver each published message to its subscribers."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]]
        self._handlers = defaultdict(list)

    def subscribe(
        self,
        topic: str,
        handler: Handler,
    ) -> None:
        """Call `handler` with each message of `topic`."""
        self._handlers[topic].append(handler)

    def publish(self, topic: str, message: Any) -> int:
        """Deliver `message`; return the number of calls."""
        handlers = self._handlers[topic]
        for handler in handlers:
            handler(message)
        return len(handlers)
