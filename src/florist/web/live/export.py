"""The page as a folder, which is whole or not there."""

import shutil
import tempfile
from pathlib import Path

from florist.bundle import Bundle
from florist.errors import ExportError, printable
from florist.system import PARTIAL, sync, sync_folder
from florist.web.live.site import judge_for_browsers, site_of


def write_site(bundle: Bundle, folder: Path) -> int:
    """Write the page of a model as a whole; return how many bytes it has.

    Raises `ExportError` where something is in the folder already, `OSError` where it cannot be
    written, and what `judge_for_browsers` and `site_of` raise.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(
            f"{printable(folder)} is there already, so nothing is written. Choose another folder."
        )
    files = site_of(bundle, judge_for_browsers(bundle))
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=PARTIAL, dir=folder.parent))
    try:
        for name, content in files.items():
            (staged / name).write_bytes(content)
            sync(staged / name)
        staged.chmod(0o755)  # mkdtemp's 0700 would lock out a web server
        sync_folder(staged)
        if folder.exists():
            folder.rmdir()
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    sync_folder(folder.parent)
    return sum(map(len, files.values()))
