"""What of a model folder goes into an image: only what serving needs, and only if it is whole.

The Dockerfile runs this: `python -m florist.container.model MODEL FOLDER`.
"""

import sys
from pathlib import Path

from florist.bundle import MANIFEST, SERVING, Bundle, read_bundle
from florist.errors import FloristError


def write_model(bundle: Bundle, folder: Path) -> None:
    """Copy the files of serving into a new folder.

    Raises `BundleError` where one is missing, or is not the file that training wrote.
    """
    folder.mkdir(parents=True)
    for name in (MANIFEST, *bundle.manifest.files):
        if name in SERVING:
            (folder / name).write_bytes(bundle.read(name))


if __name__ == "__main__":
    try:
        write_model(read_bundle(sys.argv[1]), Path(sys.argv[2]))
    except FloristError as error:
        sys.exit(f"Error: {error}")
