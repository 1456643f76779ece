import threading

import pytest

from {{ cookiecutter.package_name }}.core import event_bus
from {{ cookiecutter.package_name }}.demo_mode import DemoMode


@pytest.fixture
def demo():
    bus = event_bus.EventBus()
    demo = DemoMode(bus, interval=0.001)
    yield demo
    demo.stop()


def ticks(demo):
    return demo.get_current_state()["ticks"]


class TestDemoMode:
    def test_is_not_running_at_first(self, demo):
        state = demo.get_current_state()
        assert state == {
            "running": False,
            "paused": False,
            "ticks": 0,
        }

    def test_ticks_after_start(self, demo, wait_until):
        demo.start()
        assert demo.get_current_state()["running"]
        wait_until(lambda: ticks(demo) >= 3)

    def test_second_start_changes_nothing(self, demo):
        demo.start()
        before = threading.active_count()
        demo.start()
        assert threading.active_count() == before

    def test_stop_ends_the_thread(self, demo):
        demo.start()
        demo.stop()
        assert not demo.get_current_state()["running"]

    def test_stop_ends_a_paused_demo(self, demo):
        demo.start()
        demo.pause()
        demo.stop()
        assert not demo.get_current_state()["running"]

    def test_step_does_nothing_while_paused(self, demo):
        demo.pause()
        demo.step()
        assert ticks(demo) == 0

    def test_resumes_after_pause(self, demo, wait_until):
        demo.start()
        demo.pause()
        assert demo.get_current_state()["paused"]
        demo.resume()
        before = ticks(demo)
        wait_until(lambda: ticks(demo) > before)
        assert not demo.get_current_state()["paused"]
