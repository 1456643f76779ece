"""Build the empty package that requires the tool a hook repository is for."""

import zipfile


def build_wheel(
    wheel_directory: str,
    config_settings: object = None,
    metadata_directory: object = None,
) -> str:
    """Write a wheel of nothing but metadata, as PEP 517 asks a backend to."""
    name = "hook_mirror-0-py3-none-any.whl"
    info = "hook_mirror-0.dist-info"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.write("METADATA", f"{info}/METADATA")
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return name
