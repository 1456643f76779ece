"""A demonstration that counts ticks in a thread."""

import threading
from typing import Any

from .core.event_bus import EventBus


class DemoMode:
    """Publish a growing number on the topic "tick".

    Args:
        bus: where the ticks are published.
        interval: seconds between two ticks.
    """

    def __init__(
        self,
        bus: EventBus,
        interval: float = 0.1,
    ) -> None:
        self._bus = bus
        self._interval = interval
        self._ticks = 0
        self._stop = threading.Event()
        self._active = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start ticking; a running demo goes on."""
        if self._is_running():
            return
        self._stop.clear()
        self._active.set()
        self._thread = threading.Thread(
            target=self._run,
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking and wait for the thread to end."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        self._active.clear()

    def pause(self) -> None:
        """Keep the thread, but publish no ticks."""
        self._active.clear()

    def resume(self) -> None:
        """Publish ticks again after a pause."""
        self._active.set()

    def get_current_state(self) -> dict[str, Any]:
        """Return "running", "paused" and "ticks"."""
        running = self._is_running()
        active = self._active.is_set()
        return {
            "running": running,
            "paused": running and not active,
            "ticks": self._ticks,
        }

    def _is_running(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def step(self) -> None:
        """Publish the next tick unless paused."""
        if self._active.is_set():
            self._ticks += 1
            self._bus.publish("tick", self._ticks)

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.step()
