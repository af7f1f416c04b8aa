"""Where a proxy serves the app, when it is not at the address that the server listens on."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from perception20k.core.errors import UserError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Site:
    """Where a proxy serves the app: its origin, such as ``https://lab.example``, and the prefix of its paths."""

    origin: str
    prefix: str
    """Empty, or a path that begins with a slash and does not end with one."""

    @classmethod
    def of(cls, url: str) -> Site:
        """Read ``url``.

        Raises:
            UserError: it is not an http or https address, or has more than a path.
        """
        try:
            parts = urlsplit(url)
            port = "" if parts.port is None or parts.port == _PORTS.get(parts.scheme) else f":{parts.port}"
        except ValueError:
            parts, port = urlsplit(""), ""
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise UserError(f"--public-url {url}: not a web address", "Write it like https://lab.example/review")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(f"{parts.scheme}://{host}{port}", parts.path.rstrip("/"))

    @property
    def url(self) -> str:
        """The address of the app, with a slash at its end."""
        return f"{self.origin}{self.prefix}/"

    def inside(self, path: str) -> str:
        """A path as the app knows it, whether the proxy took the prefix off or not."""
        if self.prefix and (path == self.prefix or path.startswith(f"{self.prefix}/")):
            return path.removeprefix(self.prefix) or "/"
        return path
