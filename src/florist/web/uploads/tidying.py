"""Deletes what is to go beside the requests, in small steps, for as long as the process lives."""

import logging
import threading
from itertools import count
from typing import Final

from florist.errors import FloristError
from florist.web.uploads.names import SHARDS
from florist.web.uploads.store import UploadStore

_log = logging.getLogger(__name__)

_PAUSE_S: Final = 600
_ROUNDS_A_DAY: Final = 24 * 3600 // _PAUSE_S


def keep_tidy(store: UploadStore) -> None:
    """Start a thread that tidies: soon after something was left to do, else every few minutes."""
    threading.Thread(target=_rounds, args=[store], name="tidy-uploads", daemon=True).start()


def tidy_all(store: UploadStore) -> None:
    """Delete whatever has to go now.

    Raises `UploadsError` where the records cannot be reached.
    """
    more = True
    while more:
        store.untidy.clear()
        more = store.tidy()


def sweep_all(store: UploadStore) -> None:
    """Delete every file that a crash left behind, and put the total right.

    Raises `UploadsError` where the records cannot be reached.
    """
    store.count_anew()
    for shard in SHARDS:
        try:
            store.sweep(shard)
        except OSError as error:
            _log.warning("A file that a crash left behind was not deleted: %s", error)


def _rounds(store: UploadStore) -> None:
    for number in count():
        try:
            if store.exists():
                tidy_all(store)
                if number % _ROUNDS_A_DAY == 0:
                    sweep_all(store)
        except (OSError, FloristError) as error:
            _log.warning("The uploads cannot be tidied: %s", error)
        store.untidy.wait(_PAUSE_S)
