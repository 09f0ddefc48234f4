"""What a model folder's answers are judged by: read, checked, and tried once."""

from dataclasses import replace

import numpy as np

from florist.bundle import TRUST, Bundle
from florist.confidence.bank import Bank
from florist.confidence.familiarity import ENOUGH
from florist.confidence.file import UNREADABLE, banks_from_bytes, from_bytes
from florist.confidence.refusal import enough_for
from florist.confidence.sets import LabelSets, least_score
from florist.confidence.verdict import Judge
from florist.engine import EMBEDDING, Engine
from florist.errors import BundleError, printable


def judge_of(
    bundle: Bundle, engine: Engine, none: float | None = None, max_error: float | None = None
) -> Judge:
    """Return the judge of a bundle's network, as `engine` runs it.

    `none` is the share of familiar pictures that may be taken for none of the classes, `max_error`
    that of answers that may be wrong; by default what training was told. A folder without
    `trust.npz`, as an older florist writes it, has a judge that never says "none".

    Raises `BundleError` where the file cannot be used, or belongs to another network, or where so
    few errors cannot be promised.
    """
    judge = read_judge(bundle, engine.runtime.network)
    if judge.familiarity is not None:
        size = bundle.manifest.spec.size
        black = engine.run(np.zeros((1, size, size, 3), np.uint8))
        try:
            judge.judge(np.ones(1, np.float32), black)
        except UNREADABLE as error:
            raise _of_another_network(bundle, error) from error
    return told(judge, bundle, none, max_error)


def read_judge(bundle: Bundle, precision: str) -> Judge:
    """Return what a bundle's file says of its network in a precision.

    Raises `BundleError` where the file cannot be used.
    """
    if TRUST not in bundle.manifest.files:
        return Judge(precision=precision)
    content = bundle.read(TRUST)
    try:
        return from_bytes(content, precision)
    except UNREADABLE as error:
        raise _of_another_network(bundle, error) from error


def read_bank(bundle: Bundle) -> Bank | None:
    """Return the training pictures that similar ones are found among, None where none are kept.

    Raises `BundleError` where the file cannot be used.
    """
    if TRUST not in bundle.manifest.files:
        return None
    content = bundle.read(TRUST)
    try:
        return banks_from_bytes(content).get(EMBEDDING)
    except UNREADABLE as error:
        raise _of_another_network(bundle, error) from error


def _of_another_network(bundle: Bundle, error: Exception) -> BundleError:
    return BundleError(
        f"{printable(bundle.path / TRUST)} does not say of this network what is familiar "
        f"({printable(repr(error))}). Copy the folder again from where it was trained, or train it "
        "again."
    )


def told(judge: Judge, bundle: Bundle, none: float | None, max_error: float | None) -> Judge:
    """Return the judge of a bundle with what is said in place of what training was told.

    Raises `BundleError` where so few errors cannot be promised.
    """
    if none is not None:
        judge = replace(judge, none=none)
    if max_error is not None:
        judge = replace(judge, max_error=max_error)
        _require_kept(judge, bundle, max_error)
    return judge


def _require_kept(judge: Judge, bundle: Bundle, max_error: float) -> None:
    if judge.least <= 1:
        return
    if judge.refusal is not None:
        reason = judge.refusal.shortfall(max_error)
    else:
        reason = _not_validated(bundle, enough_for(max_error))
    raise BundleError(
        f"{printable(bundle.path)} cannot promise that at most {100 * max_error:g} % of its "
        f"answers are wrong: {reason}."
    )


def label_sets(judge: Judge, bundle: Bundle, coverage: float) -> LabelSets:
    """Return what names the classes that a picture may show, the right one as often as asked.

    Raises `BundleError` where the model does not know, in words that may be told to strangers.
    """
    validated = judge.validated.get(judge.precision)
    if validated is None:
        reason = _not_validated(bundle, ENOUGH)
        raise BundleError(f"The model cannot name sets of classes: {reason}.")
    return LabelSets(least_score(validated.truth, coverage), bundle.manifest.classes)


def _not_validated(bundle: Bundle, needed: int) -> str:
    """Return why a bundle says nothing of validation pictures."""
    trained = bundle.manifest.trained
    pictures = sum(trained.dataset.pictures.get("val", {}).values()) if trained else ENOUGH
    if pictures < ENOUGH:
        return f"that takes {needed} validation pictures, and it was trained with {pictures}"
    return "an older florist trained it, which did not keep what that takes; train it again"
