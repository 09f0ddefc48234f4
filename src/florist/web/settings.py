"""What can be set from outside: one table, the fields of `Settings`.

Each field is an environment variable, `FLORIST_` and its name in capitals; an unset or empty one
means the default. A list is written with commas.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from limits import parse_many

from florist.confidence.verdict import LEAST_MAX_ERROR, MOST_NONE
from florist.engine import DEFAULT_RUNTIME, ENGINES, PRECISIONS, Runtime
from florist.errors import SettingsError
from florist.formats import served_formats
from florist.images import Limits

PREFIX: Final = "FLORIST_"
LOGS: Final = ("auto", "plain", "json")
FRAME_WORDS: Final = ("self", "none")  # which a policy has in quotes

# What stands in a header may hold nothing that would end it there.
_ORIGIN: Final = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:([0-9]{1,5}|\*))?")

_YES_NO: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def _setting(
    default: Any, meaning: str, *, least: float | None = None, most: float | None = None
) -> Any:
    return field(default=default, metadata={"meaning": meaning, "least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the web app runs."""

    model: str = _setting("output", "the model folder, or a registry")
    engine: str = _setting(DEFAULT_RUNTIME.engine, f"the inference runtime: {' or '.join(ENGINES)}")
    precision: str = _setting(
        DEFAULT_RUNTIME.precision,
        f"what the network computes in: {' or '.join(PRECISIONS)}; auto: what training chose",
    )
    none: float | None = _setting(
        None,
        f"share of familiar pictures that may be called none of the classes, up to {MOST_NONE}; by "
        "default what training was told",
        least=0,
        most=MOST_NONE,
    )
    max_error: float | None = _setting(
        None,
        "share of answers that may be wrong, such as 0.02; of the other pictures the model is "
        "unsure; by default what training was told",
        least=LEAST_MAX_ERROR,
        most=1,
    )
    explanations: bool = _setting(
        True, "whether answers can be explained, for which the network is in memory once more"
    )

    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for every interface")
    port: int = _setting(5000, "port to listen on", least=0)
    workers: int = _setting(1, "processes, each with the model in its memory", least=1)
    threads: int = _setting(
        0, "pictures computed at once in a process; 0: as many as the CPU limit allows", least=0
    )
    queue: int = _setting(
        16, "requests of a process that may wait for a thread; further ones get 429", least=0
    )
    deadline_s: float = _setting(30.0, "seconds until a request is answered with 504", least=0.01)

    memory_mib: float = _setting(
        0.0,
        "MiB that all processes may take together; 0: as much as the container or machine has",
        least=0,
    )
    client_connections: int = _setting(
        256, "connections that a client may have open; 0, or behind a proxy: any number", least=0
    )
    bodies_mib: float = _setting(
        64.0,
        "MiB that the bodies of all requests of a process may take; further ones get 429",
        least=0,
    )
    max_body_mib: float = _setting(16.0, "largest request body in MiB", least=0.001)
    max_megapixels: float = _setting(
        50.0, "largest picture in megapixels, over all its frames", least=0.001
    )
    max_parts: int = _setting(20, "most parts of a form", least=1)
    max_pictures: int = _setting(16, "most pictures of a request", least=1)

    pages: bool = _setting(True, "whether there are pages for people; the API is always there")
    live: bool = _setting(
        False, "whether /live gives browsers the model, to answer on their own device"
    )
    templates: str = _setting("", "folder with templates that replace the ones of the same name")
    keep_uploads: bool = _setting(True, "whether pictures sent through the page are kept")
    uploads: str = _setting("uploads", "folder of the kept pictures")
    database_url: str = _setting(
        "", "SQLAlchemy address of the records; by default SQLite in the folder of the uploads"
    )
    uploads_days: float = _setting(
        30.0, "days until a kept picture is deleted; 0: none is kept", least=0
    )
    uploads_mib: float = _setting(
        1024.0, "MiB that kept pictures may take; the oldest go first; 0: none is kept", least=0
    )

    log: str = _setting(
        "auto", "lines of the log: plain, json, or auto: plain on a terminal, json elsewhere"
    )
    api_keys: tuple[str, ...] = _setting((), "keys of the API, any of them opens it; none: open")
    rate_limit: str = _setting("", "predictions a client may ask for, such as `60 per minute`")
    rate_limit_storage: str = _setting(
        "memory://", "where clients are counted; `redis://...` counts over all processes"
    )
    cors_origins: tuple[str, ...] = _setting((), "sites whose scripts may call the API")
    frame_ancestors: tuple[str, ...] = _setting(
        (), "sites that may show the form in a frame, such as `https://example.org`; none: no site"
    )
    trusted_hosts: tuple[str, ...] = _setting(
        (), "names this server answers to; `.example.org` takes subdomains; none: any"
    )
    proxies: int = _setting(
        0, "reverse proxies in front, whose X-Forwarded headers are believed", least=0
    )
    secret_key: str = _setting(
        "", "signs cookies; by default a new one at each start, which ends open forms"
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            least, most = each.metadata["least"], each.metadata["most"]
            name, value = environment_name(each), getattr(self, each.name)
            if least is not None and value is not None and not value >= least:
                raise SettingsError(f"{name} is {value}; it must be at least {least}.")
            if most is not None and value is not None and value > most:
                raise SettingsError(f"{name} is {value}; it must be at most {most}. 0.05 is 5 %.")
        try:
            parse_many(self.rate_limit or "1 per second")
        except ValueError as error:
            raise SettingsError(
                f"{PREFIX}RATE_LIMIT is {self.rate_limit!r}; write it like `60 per minute`."
            ) from error
        for name, choices in (("engine", tuple(ENGINES)), ("precision", PRECISIONS), ("log", LOGS)):
            value = getattr(self, name)
            if value not in choices:
                raise SettingsError(
                    f"{PREFIX}{name.upper()} is {value!r}; choose one of: {', '.join(choices)}."
                )

        for site in self.frame_ancestors:
            if site.strip("'") not in FRAME_WORDS and not _ORIGIN.fullmatch(site):
                raise SettingsError(
                    f"{PREFIX}FRAME_ANCESTORS has {site!r}; write origins, such as "
                    "https://example.org or https://*.example.org:8443, or self, or none."
                )
        if self.templates and not Path(self.templates).is_dir():
            raise SettingsError(
                f"{PREFIX}TEMPLATES is {self.templates!r}, which is no folder. Make or unset it."
            )

    @property
    def keeps(self) -> bool:
        """Whether a picture that is sent now is kept."""
        return self.keep_uploads and self.uploads_days > 0 and self.uploads_mib > 0

    @property
    def runtime(self) -> Runtime:
        """How the network is run."""
        return Runtime(engine=self.engine, precision=self.precision)

    @property
    def limits(self) -> Limits:
        """What a picture is refused for before it is decoded."""
        return Limits(
            max_bytes=self.max_bytes,
            max_pixels=int(self.max_megapixels * 1_000_000),
            formats=served_formats(),
            seconds=self.deadline_s,
        )

    @property
    def max_bytes(self) -> int:
        """The largest request body in bytes."""
        return int(self.max_body_mib * 2**20)

    @property
    def body_bytes(self) -> int:
        """What the bodies of all requests of a process may take in bytes: one has room always."""
        return max(self.max_bytes, int(self.bodies_mib * 2**20))


def environment_name(setting: Field[Any]) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + setting.name.upper()


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from environment variables.

    Raises `SettingsError` where one cannot be understood.
    """
    given = {each.name: each for each in fields(Settings) if environ.get(environment_name(each))}
    return Settings(
        **{
            name: _read(environment_name(each), each.type, environ[environment_name(each)])
            for name, each in given.items()
        }
    )


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none."""
    known, found = {environment_name(each): each.name for each in fields(Settings)}, []
    for name in sorted(set(environ) - set(known)):
        if name.startswith(PREFIX):
            near = get_close_matches(name.removeprefix(PREFIX).lower(), known.values(), n=1)
            meant = f"Did you mean {PREFIX}{near[0].upper()}?" if near else ""
            found.append(f"{name} is no setting. {meant or 'docs/serving.md lists them.'}")
    return found


def _read(name: str, kind: Any, text: str) -> Any:
    try:
        return _READERS[kind](text.strip())
    except (ValueError, KeyError) as error:
        raise SettingsError(
            f"{name} is {text!r}; expected {_EXPECTED[kind]}. Correct it, or unset it."
        ) from error


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: Final[dict[Any, Callable[[str], Any]]] = {
    str: str,
    int: int,
    float: float,
    float | None: float,
    bool: lambda text: _YES_NO[text.lower()],
    tuple[str, ...]: _list,
}
_EXPECTED: Final = {
    int: "a whole number",
    float: "a number",
    float | None: "a number",
    bool: "true or false",
}
