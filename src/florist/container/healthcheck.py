"""Ask the florist in this container whether it is ready; exit 0 if so, 1 if not.

Docker starts this every few seconds, as a script: it imports nothing of florist and nothing heavy.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

TIMEOUT_S = 2.5


def is_ready(environ: Mapping[str, str]) -> bool:
    """Tell whether /readyz answers 200, called by a name that the server answers to."""
    port = int(environ.get("FLORIST_PORT") or 5000)
    trusted = environ.get("FLORIST_TRUSTED_HOSTS", "").split(",")[0].strip().lstrip(".")
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz", headers={"Host": trusted or f"127.0.0.1:{port}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(os.environ) else 1)
