from {{ cookiecutter.package_name }}.core import event_bus


def test_delivers_to_each_subscriber_of_the_topic():
    received = []
    bus = event_bus.EventBus()
    bus.subscribe("news", received.append)
    bus.subscribe("news", received.append)
    bus.subscribe("other", received.append)
    assert bus.publish("news", "hello") == 2
    assert received == ["hello", "hello"]


def test_message_without_subscriber_is_dropped():
    assert event_bus.EventBus().publish("news", "x") == 0
