import pytest

from {{ cookiecutter.package_name }}.core import event_bus


def test_publish_to_ten_subscribers(benchmark):
    bus = event_bus.EventBus()
    for _ in range(10):
        bus.subscribe("news", str)
    assert benchmark(bus.publish, "news", "hello") == 10


@pytest.mark.slow
def test_publish_to_many_subscribers(benchmark):
    bus = event_bus.EventBus()
    for _ in range(100_000):
        bus.subscribe("news", str)
    assert benchmark(bus.publish, "news", "x") == 100_000
