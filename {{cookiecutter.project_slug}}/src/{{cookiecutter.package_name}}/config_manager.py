"""Read the program's settings from a TOML file."""

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

CONFIG_VARIABLE = "APP_CONFIG"


class ConfigManager:
    """Settings from one TOML file, by dotted names.

    Args:
        path: the file; one that does not exist holds
            no settings.

    Raises:
        tomllib.TOMLDecodeError: the file is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._settings: dict[str, Any] = {}
        if path.exists():
            text = path.read_text(encoding="utf-8")
            self._settings = tomllib.loads(text)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting such as "demo.interval"."""
        value: Any = self._settings
        for part in name.split("."):
            if not isinstance(value, dict):
                return default
            if part not in value:
                return default
            value = value[part]
        return value


@cache
def get_config() -> ConfigManager:
    """Return the process-wide configuration.

    The file is the one that the environment variable
    APP_CONFIG names, or config.toml.
    """
    name = os.environ.get(CONFIG_VARIABLE, "config.toml")
    return ConfigManager(Path(name))
