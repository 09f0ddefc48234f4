"""What the verbs share for talking to a person."""

import signal
from collections.abc import Callable, Iterator

import pytest

from florist.cli.console import listening


class WhileCleaning:
    """Has something happen while Python cleans up behind itself, whence nothing can be raised."""

    def __init__(self, happen: Callable[[], object]) -> None:
        self.happen = happen

    def __del__(self) -> None:
        self.happen()


@pytest.fixture(autouse=True)
def _ctrl_c_not_ignored() -> Iterator[None]:
    """Have Ctrl-C act as in a terminal; it is ignored in a shell's background job."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_that_python_lost_comes_at_the_next_progress_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with listening() as listener:
        listener.progress("Reading", 1, 3)
        WhileCleaning(lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            listener.progress("Reading", 2, 3)
    assert capsys.readouterr().err == ""


def test_other_lost_exceptions_go_where_they_went(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr("sys.unraisablehook", lambda lost: told.append(lost.exc_type))
    with listening():
        WhileCleaning(lambda: 1 / 0)
    assert told == [ZeroDivisionError]
