"""The table of kept pictures, in SQLite or any database that SQLAlchemy reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from sqlalchemy import JSON, BigInteger, String, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from florist.errors import SettingsError
from florist.web.problems import UploadsError

NAME_LENGTH: Final = 255


class _Base(DeclarativeBase):
    pass


class Record(_Base):
    """A row of the table."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[int] = mapped_column(BigInteger, index=True)  # microseconds since 1970, UTC
    filename: Mapped[str] = mapped_column(String(NAME_LENGTH))
    predictions: Mapped[list[list[Any]]] = mapped_column(JSON)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the kept file


_TABLE: Final = cast("Table", Record.__table__)


class Records:
    """A database with the table in it, made where it is missing.

    Raises `SettingsError` where the address is none, or its driver is not installed.
    """

    def __init__(self, database_url: str) -> None:
        try:
            # SQLite's connections cost nothing to open, and those not left open need no closing.
            sqlite = make_url(database_url).get_backend_name() == "sqlite"
            self._engine = create_engine(database_url, poolclass=NullPool if sqlite else None)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise SettingsError(
                f"FLORIST_DATABASE_URL cannot be used: {error}. Correct it, or install its driver."
            ) from error
        self._made = False
        if sqlite:
            event.listen(self._engine, "connect", _let_readers_and_a_writer_work_together)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that is committed at the end.

        Raises `UploadsError` where the database cannot be reached.
        """
        try:
            self._make()
            with Session(self._engine, expire_on_commit=False) as session:
                yield session
                session.commit()
        except (SQLAlchemyError, OSError) as error:
            # SQLAlchemy's own message would quote the statement, with its values.
            reason = str(getattr(error, "orig", None) or error)
            raise UploadsError(reason) from error

    def _make(self) -> None:
        """Make the table. Several processes may do so at once."""
        if self._made:
            return
        with self._engine.begin() as connection:
            connection.execute(CreateTable(_TABLE, if_not_exists=True))
            for index in _TABLE.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
        self._made = True


def _let_readers_and_a_writer_work_together(connection: Any, _: object) -> None:
    """Set SQLite up for several threads and processes: a write waits instead of failing."""
    connection.execute("PRAGMA busy_timeout = 20000")
    connection.execute("PRAGMA journal_mode = WAL")
