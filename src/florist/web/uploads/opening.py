"""The store that the settings describe."""

from pathlib import Path

from florist.web.settings import Settings
from florist.web.uploads.store import Retention, UploadStore


def open_store(settings: Settings) -> UploadStore | None:
    """Return the store that the settings describe, or None where nothing is kept.

    It may be one that keeps for zero days: it takes nothing, and what it has is deleted.

    Raises `SettingsError` where the address of the database cannot be used.
    """
    if not settings.keep_uploads:
        return None
    return UploadStore(
        Path(settings.uploads),
        database_url=settings.database_url,
        retention=Retention(days=settings.uploads_days, bytes=int(settings.uploads_mib * 2**20)),
    )
