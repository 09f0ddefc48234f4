"""The commands of docs/docker.md that can go wrong without anybody noticing."""

import re
import subprocess
from pathlib import Path

from tests.container.conftest import ROOT
from tests.container.engine import HARDENED, Docker
from tests.container.test_run import history, send_through_the_page

DOCS = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")


def commands(section: str) -> str:
    """Return what the shell blocks of a section say."""
    text = DOCS.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def test_options_are_the_tested_ones() -> None:
    run = commands("Build and run").replace("\\\n ", "")
    assert " ".join(HARDENED) in " ".join(run.split())


def test_back_up_and_restore(
    docker: Docker, image: str, pictures: list[Path], tmp_path: Path
) -> None:
    name = "florist-test-backup"
    restored = f"{name}-restored"
    script = commands("Back up").replace("florist-restored", restored)
    script = script.replace("florist-data:", f"{name}:").replace("flower_api", image)
    try:
        with docker.container(image, "--volume", f"{name}:/data") as container:
            container.wait_until_ready()
            send_through_the_page(container, pictures[0])
            for verb in ("stop", "start"):
                script = script.replace(
                    f"docker {verb} florist\n", f"docker {verb} {container.name}\n"
                )
            bash = ["bash", "-euc", script.replace("docker ", f"{docker.client} ")]
            subprocess.run(bash, cwd=tmp_path, check=True)
            container.wait_until_ready()
        with docker.container(image, "--volume", f"{restored}:/data") as container:
            container.wait_until_ready()
            assert pictures[0].name in history(container)
    finally:
        docker.run("volume", "rm", "--force", name, restored)
