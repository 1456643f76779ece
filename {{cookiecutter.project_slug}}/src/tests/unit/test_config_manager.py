import tomllib

import pytest

from {{ cookiecutter.package_name }} import config_manager


def test_reads_settings_by_dotted_name(mock_config_file):
    path = mock_config_file("[demo]\ninterval = 0.5\n")
    config = config_manager.ConfigManager(path)
    assert config.get("demo.interval") == 0.5


@pytest.mark.parametrize(
    "name",
    ["absent", "demo.absent", "demo.interval.deeper"],
)
def test_absent_setting_is_the_default(
    mock_config_file,
    name,
):
    path = mock_config_file("[demo]\ninterval = 0.5\n")
    config = config_manager.ConfigManager(path)
    assert config.get(name, "default") == "default"


def test_absent_file_holds_no_settings(tmp_path):
    path = tmp_path / "absent.toml"
    config = config_manager.ConfigManager(path)
    assert config.get("demo") is None


def test_broken_file_is_an_error(mock_config_file):
    path = mock_config_file("not = = toml")
    with pytest.raises(tomllib.TOMLDecodeError):
        config_manager.ConfigManager(path)


class TestSingleton:
    """One configuration per process, a new one per test."""

    @pytest.mark.parametrize("word", ["first", "second"])
    def test_starts_anew_in_each_test(
        self,
        mock_config_file,
        monkeypatch,
        word,
    ):
        path = mock_config_file(f'word = "{word}"\n')
        variable = config_manager.CONFIG_VARIABLE
        monkeypatch.setenv(variable, str(path))
        config = config_manager.get_config()
        assert config.get("word") == word
        assert config_manager.get_config() is config
