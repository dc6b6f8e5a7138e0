"""Where address and credential come from: arguments, the environment, or the profile of `mudeung-cli login`."""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ._errors import ConfigurationError


@dataclass(frozen=True)
class Settings:
    """One sandbox and one credential for it."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)


def find_settings(
    base_url: str | None, client_id: str | None, client_secret: str | None, profile: str | None, plain_http: bool
) -> Settings:
    """Arguments go first; then a profile that was named, then the environment, then the usual profile."""
    found = {"base_url": base_url, "client_id": client_id, "client_secret": client_secret}
    if not all(found.values()):
        stored, where = _stored(profile)
        plain_http = plain_http or bool(stored.get("plain_http"))
        found = {name: value or stored.get(name) for name, value in found.items()}
        missing = [name for name, value in found.items() if not value]
        if missing:
            raise ConfigurationError(
                f"{', '.join(missing)} missing: pass them to Sandbox(), set MUDEUNG_URL, MUDEUNG_CLIENT_ID and "
                f"MUDEUNG_CLIENT_SECRET, or run `mudeung-cli login` ({where})"
            )
    _check_address(str(found["base_url"]), plain_http)
    return Settings(str(found["base_url"]).rstrip("/"), str(found["client_id"]), str(found["client_secret"]))


def _stored(profile: str | None) -> tuple[dict[str, str | None], str]:
    environment = {
        "base_url": os.environ.get("MUDEUNG_URL"),
        "client_id": os.environ.get("MUDEUNG_CLIENT_ID"),
        "client_secret": os.environ.get("MUDEUNG_CLIENT_SECRET"),
    }
    if profile is None and any(environment.values()):
        return environment, "the environment says only a part of it"
    name = profile or os.environ.get("MUDEUNG_PROFILE") or "default"
    path = _config_directory() / "profiles.toml"
    try:
        profiles = tomllib.loads(path.read_text("utf-8")).get("profiles", {})
    except FileNotFoundError:
        return {}, f"there is no {path}"
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if name not in profiles:
        return {}, f"there is no profile {name!r} in {path}"
    stored = profiles[name]
    return {"base_url": stored.get("url"), **stored}, f"profile {name!r} in {path} is not complete"


def _config_directory() -> Path:
    if directory := os.environ.get("MUDEUNG_CONFIG_DIR"):
        return Path(directory)
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "mudeung"


def _check_address(base_url: str, plain_http: bool) -> None:
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ConfigurationError(f"the server's address {base_url!r} must start with https:// or http://")
    if address.scheme == "http" and not plain_http and not is_loopback(address.hostname):
        raise ConfigurationError(
            f"the server's address {base_url!r} is not https: the secret would travel in the clear"
        )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
