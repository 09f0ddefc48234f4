"""The tables of kept pictures, in SQLite or any database that SQLAlchemy reaches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Connection,
    Index,
    String,
    Table,
    case,
    create_engine,
    event,
    func,
    insert,
    inspect,
    literal,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from florist.errors import SettingsError
from florist.web.problems import UploadsError

NAME_LENGTH: Final = 255

_SETUP: Final = {
    # Readers and a writer work together; a second writer waits for a second, and is told.
    "sqlite": ("PRAGMA busy_timeout = 1000", "PRAGMA journal_mode = WAL"),
    "postgresql": ("SET lock_timeout = '1s'", "SET statement_timeout = '5s'"),
}
# A server that answers nothing is given up; what the address says itself goes before this.
_LIBPQ: Final = {"connect_timeout": "2", "tcp_user_timeout": "5000"}
_LIBPQ_DRIVERS: Final = {"psycopg", "psycopg2"}
# A server may have been started anew since a connection was last used.
_POOL: Final[dict[str, Any]] = {"pool_pre_ping": True, "pool_timeout": 2}


class _Base(DeclarativeBase):
    pass


class Record(_Base):
    """A kept picture."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[int] = mapped_column(BigInteger, index=True)  # microseconds since 1970, UTC
    filename: Mapped[str] = mapped_column(String(NAME_LENGTH))
    predictions: Mapped[list[list[Any]]] = mapped_column(JSON)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the kept file
    # What earlier versions lacked comes after the rest, as where it was added.
    verdict: Mapped[str | None] = mapped_column(String(8))
    label: Mapped[str | None] = mapped_column(String(NAME_LENGTH))  # its class; "": none of these
    model: Mapped[str | None] = mapped_column(String(64))  # digest of the model that answered
    browser: Mapped[str | None] = mapped_column(String(32))  # id of the one that sent it
    # Microseconds since 1970: not found from then on, and for good after a while.
    deleted: Mapped[int | None] = mapped_column(BigInteger)


# Each filter of the history finds its pictures in the order in which they are listed.
for _column in (Record.label, Record.verdict, Record.browser):
    Index(f"ix_uploads_{_column.key}_created", _column, Record.created, Record.id)
# Only of the few that are: one of all would be taken for finding those that are not.
_IS_DELETED: Final = Record.deleted.is_not(None)
Index("ix_uploads_deleted", Record.deleted, sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED)


class Total(_Base):
    """What is known of all records together: one row, which a writer locks first."""

    __tablename__ = "uploads_total"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of all kept files
    forgotten: Mapped[int] = mapped_column(BigInteger)  # `created` of the last one to be forgotten


_UPLOADS: Final = cast("Table", Record.__table__)
_SIZE_OF_ALL: Final = select(func.coalesce(func.sum(Record.size), 0))


class Records:
    """A database with the tables in it, made where they are missing.

    Without an address it is an SQLite file in `folder`, which is made, too.

    Raises `SettingsError` where the address is none, or its driver is not installed.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        try:
            url = URL.create("sqlite", database=str(folder / "uploads.sqlite3"))
            url = make_url(database_url or url)
            backend = url.get_backend_name()
            if backend == "postgresql" and url.get_driver_name() in _LIBPQ_DRIVERS:
                url = url.set(query={**_LIBPQ, **url.query})
            # SQLite's connections cost nothing to open, and those not left open need no closing.
            pool = {"poolclass": NullPool} if backend == "sqlite" else _POOL
            self._engine = create_engine(url, **pool)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise SettingsError(
                f"FLORIST_DATABASE_URL cannot be used: {error}. Correct it, or install its driver."
            ) from error
        self._made = False
        event.listen(self._engine, "connect", partial(_set_up, _SETUP.get(backend, ())))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that is committed at the end.

        Raises `UploadsError` where the database cannot be reached.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make()
            with Session(self._engine, expire_on_commit=False) as session:
                yield session
                session.commit()
        except (SQLAlchemyError, OSError) as error:
            self._made = False  # the tables may have vanished, with their file or their folder
            # SQLAlchemy's own message would quote the statement, with its values.
            reason = str(getattr(error, "orig", None) or error)
            raise UploadsError(reason) from error

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, Total]]:
        """Open a session that no other process writes beside; what `Total` is set to is kept.

        Raises `UploadsError` where the database cannot be reached.
        """
        with self.session() as session:
            session.execute(update(Total).values(size=Total.size))
            yield session, session.scalars(select(Total)).one()

    def count_anew(self) -> None:
        """Add up the sizes, in case somebody else has changed the table.

        Raises `UploadsError` where the database cannot be reached.
        """
        with self.writing() as (session, total):
            total.size = session.scalars(_SIZE_OF_ALL).one()

    def _make(self) -> None:
        """Make the tables. Several processes may do so at once."""
        if self._made:
            return
        with self._engine.begin() as connection:
            for table in (_UPLOADS, cast("Table", Total.__table__)):
                connection.execute(CreateTable(table, if_not_exists=True))
        with suppress(SQLAlchemyError):  # two processes may both see what is missing
            for statement in self._missing_columns():
                with self._engine.begin() as connection:
                    connection.execute(text(statement))
        with self._engine.begin() as connection:
            for index in _UPLOADS.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
            _fill_in_labels(connection)
        first = select(literal(1), _SIZE_OF_ALL.scalar_subquery(), literal(0))
        with suppress(IntegrityError), self._engine.begin() as connection:
            if connection.scalar(select(Total.id)) is None:
                connection.execute(insert(Total).from_select(["id", "size", "forgotten"], first))
        self._made = True

    def _missing_columns(self) -> list[str]:
        """Return the statements that add what a table of an earlier version lacks."""
        there = {each["name"] for each in inspect(self._engine).get_columns(_UPLOADS.name)}
        missing = [column for column in _UPLOADS.columns if column.name not in there]
        return [
            f"ALTER TABLE {_UPLOADS.name} ADD COLUMN {CreateColumn(each).compile(self._engine)}"
            for each in missing
        ]


def label_of(labels: Sequence[str], verdict: str | None) -> str:
    """Return the class that an upload is found under."""
    return "" if verdict == "none" or not labels else labels[0][:NAME_LENGTH]


def _fill_in_labels(connection: Connection) -> None:
    """Note under which class the uploads of an earlier version are found, as `label_of` does."""
    if connection.scalar(select(Record.id).where(Record.label.is_(None)).limit(1)) is None:
        return
    best = func.substr(Record.predictions[(0, 0)].as_string(), 1, NAME_LENGTH)
    label = case((Record.verdict == "none", ""), else_=func.coalesce(best, ""))
    connection.execute(update(Record).where(Record.label.is_(None)).values(label=label))


def _set_up(statements: Iterable[str], connection: Any, _: object) -> None:
    """Prepare a new connection."""
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
    connection.commit()
