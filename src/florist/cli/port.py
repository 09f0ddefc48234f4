"""The port of a server, taken before anything is announced or anybody waits for it."""

import errno
import socket
from typing import Final

from florist.errors import SettingsError

_AIRPLAY: Final = {5000, 7000}
_BACKLOG: Final = 2048


def take_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens; who connects waits until somebody accepts.

    Raises `SettingsError` where the port is taken, or the address is none of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise SettingsError(f"There is no host {host!r}; try --host 127.0.0.1.") from error
    except OSError as error:
        raise SettingsError(_refusal(error.errno, host, port)) from error


def _refusal(number: int | None, host: str, port: int) -> str:
    if number == errno.EADDRINUSE:
        by = " (on macOS by AirPlay)" if port in _AIRPLAY else ""
        return f"Port {port} is taken{by}; try --port {port + 1 if port < 65535 else 5000}."
    if number == errno.EACCES:
        return f"Port {port} is for privileged users; try --port 5000."
    return f"This machine has no address {host}; try --host 127.0.0.1."
