import os
import urllib.request

import pytest

from {{ cookiecutter.package_name }} import config_manager
from {{ cookiecutter.package_name }}.core import event_bus
from {{ cookiecutter.package_name }}.demo_mode import DemoMode
from {{ cookiecutter.package_name }}.frontend import status_view


def test_configured_demo_reaches_the_screen(
    mock_config_file,
    wait_until,
):
    path = mock_config_file("[demo]\ninterval = 0.001\n")
    config = config_manager.ConfigManager(path)
    bus, seen = event_bus.EventBus(), []
    bus.subscribe("tick", seen.append)
    demo = DemoMode(bus, config.get("demo.interval"))
    demo.start()
    wait_until(lambda: len(seen) >= 3)
    demo.stop()
    line = status_view.render_status(
        demo.get_current_state(),
    )
    assert line == f"stopped after {len(seen)} ticks"


@pytest.mark.requires_{{ cookiecutter.external_service }}
def test_{{ cookiecutter.external_service }}_answers():
    url = os.environ["{{ cookiecutter.external_service | upper }}_URL"]
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200
