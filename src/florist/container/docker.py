"""Docker's command, and what to do where it does not work."""

import os
import shutil
import subprocess
import sys
from subprocess import CompletedProcess
from typing import Final

from florist.errors import ContainerError

_NOT_INSTALLED: Final = {
    "linux": "Install Docker Engine: https://docs.docker.com/engine/install",
    "darwin": "Install Docker Desktop: https://docs.docker.com/desktop/setup/install/mac-install",
    "win32": (
        "Install Docker Desktop: https://docs.docker.com/desktop/setup/install/windows-install"
    ),
}
_NOT_RUNNING: Final = {
    "linux": "Start it: sudo systemctl start docker",
    "darwin": "Start Docker Desktop: open -a Docker",
    "win32": "Start Docker Desktop from the Start menu, and wait until its whale stands still",
}
_NO_PERMISSION: Final = {
    "linux": "Add yourself to its group, then log in again: sudo usermod -aG docker $USER",
    "darwin": "Start Docker Desktop as the user who is logged in: open -a Docker",
    "win32": (
        "Add yourself to its group as an administrator, then sign in again: "
        "net localgroup docker-users %USERNAME% /add"
    ),
}


def docker(*arguments: str) -> CompletedProcess[bytes]:
    """Run a docker command; what it prints is shown."""
    # Docker before 23 needs to be told which builder: the old one cannot mount caches.
    environ = {**os.environ, "DOCKER_BUILDKIT": "1"}
    return subprocess.run(["docker", *arguments], check=False, env=environ)  # noqa: S603, S607


def require_docker(platform: str = sys.platform) -> None:
    """Raise `ContainerError`, with the platform's remedy, where no Docker can be used."""
    if shutil.which("docker") is None:
        what, remedies = "Docker is not installed, or not on the PATH.", _NOT_INSTALLED
    else:
        version = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607
            check=False,
            capture_output=True,
            text=True,
        )
        if version.returncode == 0:
            return
        if "permission denied" in version.stderr.lower():
            what, remedies = "You have no permission to use Docker.", _NO_PERMISSION
        else:
            what, remedies = "Docker is installed but not running.", _NOT_RUNNING
    raise ContainerError(f"{what} {remedies.get(platform, remedies['linux'])}.")
