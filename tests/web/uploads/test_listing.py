"""Some of the kept pictures, and what is deleted until it is brought back or gone for good."""

from itertools import pairwise
from pathlib import Path

import pytest

from florist.confidence.verdict import Verdict
from florist.images import Limits
from florist.prediction import Prediction, Result
from florist.web.uploads import store as storing
from florist.web.uploads.copies import SIDE, Origin, copy_of
from florist.web.uploads.listing import Filter
from florist.web.uploads.store import UploadStore
from florist.web.uploads.tidying import tidy_all
from tests.web.uploads.test_retention import total
from tests.web.uploads.test_uploads import ROSE, add, kept, store


def told(uploads: UploadStore, label: str, verdict: Verdict, browser: str) -> str:
    result = Result(predictions=(Prediction(label, 0.9),), verdict=verdict, width=1, height=1)
    copy = copy_of(ROSE, result, SIDE, Limits(), origin=Origin("0" * 64, browser))
    assert uploads.add([copy]) == [True]
    return copy.upload.id


def test_a_filter_finds_what_it_says_in_order(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    tulip = told(uploads, "tulip", "answer", "mine")
    unsure = told(uploads, "rose", "unsure", "theirs")
    none = told(uploads, "rose", "none", "mine")
    rose = told(uploads, "rose", "answer", "mine")
    for only, ids in {
        Filter(): [rose, none, unsure, tulip],
        Filter(label="rose"): [rose, unsure],  # none of these is no rose
        Filter(verdict="unsure"): [unsure],
        Filter(verdict="none"): [none],
        Filter(browser="mine"): [rose, none, tulip],
        Filter(label="rose", browser="theirs"): [unsure],
        Filter(label="lily"): [],
    }.items():
        assert [each.id for each in uploads.recent(only=only)] == ids
        for newer, older in pairwise(ids):
            found = uploads.newer(older, only)
            assert found is not None
            assert found.id == newer
            assert uploads.recent(1, newer, only)[0].id == older
    assert uploads.labels() == ["rose", "tulip"]


def test_a_label_longer_than_a_column_is_found(tmp_path: Path) -> None:
    uploads, label = store(tmp_path), "rose " * 100
    upload = told(uploads, label, "answer", "")
    (found,) = uploads.recent(only=Filter(label=uploads.labels()[0]))
    assert found.id == upload
    assert found.predictions[0].label == label


def test_an_upload_knows_its_model(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    found = uploads.get(told(uploads, "rose", "answer", "mine"))
    assert found is not None
    assert (found.model, found.browser) == ("0" * 64, "mine")


def test_what_is_deleted_comes_back(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    upload = add(uploads)
    assert uploads.delete(upload.id)
    tidy_all(uploads)
    assert uploads.recent() == ()
    assert uploads.get(upload.id) is None
    assert uploads.read(upload.id) is None
    assert uploads.restore(upload.id)
    assert uploads.recent() == (upload,)
    assert uploads.read(upload.id)
    assert not uploads.restore("0" * 32)


def test_what_is_deleted_is_gone_for_good_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = store(tmp_path)
    first, second = add(uploads), add(uploads)
    uploads.delete(first.id)
    monkeypatch.setattr(storing, "UNDO_S", -1)
    tidy_all(uploads)
    assert [path.stem for path in kept(tmp_path)] == [second.id]
    assert total(tmp_path)[0] == total(tmp_path)[1]
    assert not uploads.restore(first.id)


def test_what_is_deleted_with_all_does_not_come_back(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    first, _ = add(uploads), add(uploads)
    uploads.delete(first.id)
    assert uploads.delete_all() == 1
    assert not uploads.restore(first.id)
    tidy_all(uploads)
    assert kept(tmp_path) == []
