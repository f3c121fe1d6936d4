"""The server as the agent reaches it: its addresses and the token, over nothing that others can listen to."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from capture_agent.protocol.messages import AGENT_SOCKET


class ServerError(ValueError):
    """The address cannot be used; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Server:
    """`url`: its root, without a slash at the end. The token is never shown."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def at(cls, url: str, token: str, *, allow_plain: bool = False) -> "Server":
        """Check an address; http is only taken for this very machine, or where it is allowed."""
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ServerError(f"--server must be like https://spineweb.example.org, not {url!r}.")
        if parts.scheme == "http" and not allow_plain and not _is_local(parts.hostname):
            raise ServerError(
                "Over http everyone on the way can read the token and the pictures. Use https, or "
                "--allow-plain-http in a network that is nobody else's."
            )
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", token)

    @property
    def socket_url(self) -> str:
        return "ws" + self.url.removeprefix("http") + AGENT_SOCKET

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
