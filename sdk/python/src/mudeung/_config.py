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
    client_secret: str | None = field(repr=False)
    private_key: str | None = None
    """The file with the private key that proves the app, in place of a secret."""
    kid: str | None = None
    """The name of that key in the portal."""
    dpop: bool = False
    """Whether tokens are bound to a key of this process."""


def find_settings(
    base_url: str | None,
    client_id: str | None,
    client_secret: str | None,
    profile: str | None,
    plain_http: bool,
    private_key: str | os.PathLike[str] | None = None,
    kid: str | None = None,
    dpop: bool | None = None,
) -> Settings:
    """Arguments go first; then a profile that was named, then the environment, then the usual profile."""
    key = os.fspath(private_key) if private_key is not None else None
    found = {"base_url": base_url, "client_id": client_id, "client_secret": client_secret}
    found |= {"private_key": key, "kid": kid}
    if not (base_url and client_id and (client_secret or key)):
        stored, where = _stored(profile)
        plain_http = plain_http or bool(stored.get("plain_http"))
        dpop = bool(stored.get("dpop")) if dpop is None else dpop
        # A secret or a key that was passed stands in place of whatever is stored.
        proving = ("client_secret", "private_key", "kid") if client_secret or key else ()
        found = {name: value or (None if name in proving else stored.get(name)) for name, value in found.items()}
        missing = [name for name in ("base_url", "client_id") if not found[name]]
        if not found["client_secret"] and not found["private_key"]:
            missing.append("client_secret or private_key")
        if missing:
            raise ConfigurationError(
                f"{', '.join(missing)} missing: pass them to Sandbox(), set MUDEUNG_URL, MUDEUNG_CLIENT_ID and "
                f"MUDEUNG_CLIENT_SECRET, or run `mudeung-cli login` ({where})"
            )
    _check_address(str(found["base_url"]), plain_http)
    base = str(found["base_url"]).rstrip("/")
    secret = None if found["private_key"] else found["client_secret"]
    return Settings(base, str(found["client_id"]), secret, found["private_key"], found["kid"], bool(dpop))


def _stored(profile: str | None) -> tuple[dict[str, str | None], str]:
    environment = {
        "base_url": os.environ.get("MUDEUNG_URL"),
        "client_id": os.environ.get("MUDEUNG_CLIENT_ID"),
        "client_secret": os.environ.get("MUDEUNG_CLIENT_SECRET"),
        "private_key": os.environ.get("MUDEUNG_PRIVATE_KEY"),
    }
    if profile is None and any(environment.values()):
        environment["dpop"] = None if os.environ.get("MUDEUNG_DPOP") in (None, "", "0") else "1"
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
