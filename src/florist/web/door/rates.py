"""How often a client may ask: for pictures by a setting, with a wrong API key always."""

from typing import Final

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from florist.web.problems import RefusedError
from florist.web.settings import Settings

PICTURES: Final = {"api.predictions", "api.explanations", "pages.classify", "reasons.why"}
"""Where a POST brings pictures."""
_WRONG_KEYS: Final = parse("30 per minute")
"""Enough for a person who looks for the right one, too few for a program that tries them out."""


def register(app: Flask, settings: Settings) -> None:
    """Count a request as one picture before its body is read; the others when they are known."""
    if not settings.rate_limit:
        return
    Limiter(
        get_remote_address,
        app=app,
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: request.endpoint not in PICTURES,
        storage_uri=settings.rate_limit_storage,
        headers_enabled=True,
    )


def charge(pictures: int) -> None:
    """Count all pictures of the request that the app answers right now.

    Raises `RefusedError` where they are more than the client may still ask for.
    """
    for limiter in current_app.extensions.get("limiter", ()):
        for rate in limiter.current_limits:
            # The request itself has been counted as one.
            if not rate.limiter.hit(rate.limit, *rate.request_args, cost=pictures - 1):
                raise RefusedError(
                    "rate-limited",
                    f"{pictures} pictures are more than are left of {allowance(rate.limit)}.",
                )


def allowance(limit: RateLimitItem) -> str:
    """Write what a client may ask for, as people say it."""
    unit = limit.GRANULARITY.name
    per = unit if limit.multiples == 1 else f"{limit.multiples} {unit}s"
    return f"{limit.amount} picture{'' if limit.amount == 1 else 's'} per {per}"


class WrongKeys:
    """Counts the wrong API keys of each client."""

    def __init__(self, settings: Settings) -> None:
        self._window = FixedWindowRateLimiter(storage_from_string(settings.rate_limit_storage))

    def require_few(self) -> None:
        """Raise `RefusedError` where the client has tried too many: it could be guessing."""
        if not self._window.test(_WRONG_KEYS, "wrong-key", get_remote_address()):
            raise RefusedError("rate-limited", "Too many wrong API keys. Wait a minute.")

    def count(self) -> None:
        """Count one more."""
        self._window.hit(_WRONG_KEYS, "wrong-key", get_remote_address())
