import pytest

from {{ cookiecutter.package_name }}.frontend import status_view


@pytest.mark.parametrize(
    ("running", "paused", "line"),
    [
        (True, False, "running: 3 ticks"),
        (True, True, "paused: 3 ticks"),
        (False, False, "stopped after 3 ticks"),
    ],
)
def test_render_status(running, paused, line):
    state = {
        "running": running,
        "paused": paused,
        "ticks": 3,
    }
    assert status_view.render_status(state) == line
