import re

import {{ cookiecutter.package_name }} as package


def test_version_is_three_numbers():
    assert re.match(r"\d+\.\d+\.\d+", package.__version__)
