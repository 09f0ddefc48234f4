"""One line of every request, and of what happened meanwhile: for people, or as a JSON object."""

import json
import logging
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask, Response, g, request

from florist.errors import printable
from florist.web.services import services

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this thread works on."""

_requests: Final = logging.getLogger("florist.web.requests")
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; what was given as `extra={"fields": {...}}` joins it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainFormatter(logging.Formatter):
    """A record as a line for a terminal, which nothing in it can control."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines of its own."""
        fields = getattr(record, "fields", {})
        parts = [
            datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S"),
            "" if record.levelno <= logging.INFO else record.levelname,
            f"{fields['method']} {fields['path']}" if fields else record.getMessage(),
            f"{fields['status']}, {fields['ms']:.0f} ms" if fields else "",
        ]
        lines = [" ".join(part for part in parts if part)]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        return "\n".join(map(printable, lines))


def configuration(kind: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; "auto" is plain on a terminal, else JSON."""
    plain = kind == "plain" or (kind == "auto" and sys.stderr.isatty())
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": PlainFormatter if plain else JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "uvicorn.error": {
                "level": "ERROR"
            },  # what it warns of is a client's doing, and ours to log
        },
    }


def register(app: Flask) -> None:
    """Count, time and log every request of an app."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    method = request.method if request.method in _METHODS else "(other)"
    figures = services().metrics
    figures.requests.labels(route, method, response.status_code).inc()
    figures.latency.labels(route).observe(seconds)
    _requests.info(
        "%s %s",
        method,
        route,
        extra={
            "fields": {
                "method": method,
                "path": request.path,
                "status": response.status_code,
                "ms": round(seconds * 1000, 2),
                "client": request.remote_addr,
            }
        },
    )
    return response
