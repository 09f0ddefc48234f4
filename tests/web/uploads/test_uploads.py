"""Pictures that are kept: what of them, how long, and what happens when that fails."""

import logging
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from florist.confidence.verdict import Verdict
from florist.errors import SettingsError
from florist.images import Limits
from florist.prediction import Prediction, Result
from florist.web.inference.classify import File
from florist.web.problems import UploadsError
from florist.web.uploads.copies import SIDE, Copy, Upload, copy_of
from florist.web.uploads.listing import Filter
from florist.web.uploads.store import Retention, UploadStore
from florist.web.uploads.tidying import tidy_all
from tests.conftest import COLOURS, noisy_picture
from tests.web.conftest import AppMaker, csrf_token, encoded, red

RESULT = Result(predictions=(Prediction("red", 0.9),), width=64, height=48)
ROSE = File("rose.png", red())
NOT_KEPT = "not in the history"
NOT_YET = "The picture waits to be kept: it is not in the history."


def store(folder: Path, *, days: float = 30, size: int = 2**30, url: str = "") -> UploadStore:
    retention = Retention(days=days, bytes=size)
    return UploadStore(folder, database_url=url, retention=retention)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("**/*.jpg"))


def rose(file: File = ROSE) -> Copy:
    return copy_of(file, RESULT, SIDE, Limits())


def add(uploads: UploadStore, file: File = ROSE) -> Upload:
    copy = rose(file)
    assert uploads.add([copy]) == [True]
    uploads.tidy()
    return copy.upload


def test_an_upload_comes_back(tmp_path: Path) -> None:
    upload = add(store(tmp_path))
    again = store(tmp_path)  # as after a restart
    assert again.recent() == (upload,)
    assert again.get(upload.id) == upload
    assert upload.predictions == RESULT.predictions
    assert (upload.filename, upload.width, upload.height) == ("rose.png", 64, 48)
    content = again.read(upload.id)
    assert content is not None
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (32, 32))


@pytest.mark.parametrize(("side", "size"), [(240, (240, 180)), (480, (480, 360))])
def test_a_thumbnail_is_small(tmp_path: Path, side: int, size: tuple[int, int]) -> None:
    uploads = store(tmp_path)
    photo = encoded(noisy_picture(COLOURS["red"], 1, 1600).resize((1600, 1200)), "JPEG")
    content = uploads.read(add(uploads, File("rose.jpg", photo)).id, side)
    assert content is not None
    assert len(content) <= 15_000
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.size) == ("WEBP", size)


def test_a_picture_that_is_a_thumbnail_already_is_made_small_once() -> None:
    copy = rose()
    assert copy.files[240] is copy.files[480]
    with Image.open(BytesIO(copy.files[480])) as image:
        assert (image.format, image.size) == ("WEBP", (32, 32))


def test_what_no_compression_makes_smaller_has_a_small_thumbnail_too(tmp_path: Path) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((800, 800), 120) for _ in range(3)])
    uploads = store(tmp_path)
    upload = add(uploads, File("noise.png", encoded(noise)))
    for path in tmp_path.rglob(f"{upload.id}.*.webp"):
        assert path.stat().st_size <= 15_000


def test_the_verdict_is_kept_and_known_where_an_earlier_version_kept_none(tmp_path: Path) -> None:
    def kept_with(best: float, verdict: Verdict) -> Upload:
        found = (Prediction("red", best), Prediction("blue", 0.1))
        copy = copy_of(ROSE, Result(predictions=found, verdict=verdict), SIDE, Limits())
        assert store(tmp_path).add([copy]) == [True]
        return copy.upload

    strange, doubtful = kept_with(0.9, "none"), kept_with(0.3, "unsure")
    assert store(tmp_path).get(strange.id) == strange
    with closing(sqlite3.connect(tmp_path / "uploads.sqlite3")) as database:
        for column in ("verdict", "label", "browser"):  # as it was
            database.execute(f"DROP INDEX ix_uploads_{column}_created")
            database.execute(f"ALTER TABLE uploads DROP COLUMN {column}")
    assert [each.id for each in store(tmp_path).recent(only=Filter(label="red"))] == [
        doubtful.id,
        strange.id,
    ]
    found = {each.id: each.verdict for each in store(tmp_path).recent()}
    assert found == {strange.id: "answer", doubtful.id: "unsure"}  # as the scores say
    assert store(tmp_path).get(kept_with(0.9, "none").id).verdict == "none"  # type: ignore[union-attr]


def test_an_upload_of_an_earlier_version_has_no_thumbnail(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    upload = add(uploads)
    for path in tmp_path.rglob("*.webp"):
        path.unlink()
    assert uploads.read(upload.id, 240) is None
    assert uploads.get(upload.id) == upload
    assert uploads.delete(upload.id)


def test_nothing_but_pixels_is_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Alice"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    photo = encoded(Image.new("RGB", (4000, 3000)), "JPEG", exif=exif, comment=b"a secret")
    add(store(tmp_path), File("../../alice.jpg", photo))
    paths = [path for path in tmp_path.rglob("*.*") if path.suffix in {".jpg", ".webp"}]
    assert {path.parent.parent.parent for path in paths} == {tmp_path}  # sharded twice
    sizes = set()
    for path in paths:
        content = path.read_bytes()
        with Image.open(BytesIO(content)) as image:
            sizes.add(image.size)
            assert not image.getexif()
        assert not any(word in content for word in (b"alice", b"Alice", b"secret", b"Exif"))
    assert sizes == {(1600, 1200), (480, 360), (240, 180)}


def test_the_newest_come_first_page_by_page(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    ids = [add(uploads).id for _ in range(5)][::-1]
    first = uploads.recent(2)
    second = uploads.recent(2, before=first[-1].id)
    third = uploads.recent(2, before=second[-1].id)
    assert [upload.id for upload in first + second + third] == ids
    assert uploads.recent(2, before="unknown") == first


def test_deleting_one_and_all(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    first, second, third = add(uploads), add(uploads), add(uploads)
    assert uploads.delete(second.id)
    assert not uploads.delete(second.id)
    assert uploads.read(second.id) is None
    assert [upload.id for upload in uploads.recent()] == [third.id, first.id]
    assert uploads.delete_all() == 2
    assert uploads.recent() == ()
    tidy_all(uploads)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("name", ["", "..", "../x", "x" * 32, "%00", "0" * 31 + "/"])
def test_ids_that_are_none(tmp_path: Path, name: str) -> None:
    uploads = store(tmp_path)
    add(uploads)
    assert uploads.get(name) is None
    assert uploads.read(name) is None
    assert not uploads.delete(name)
    assert len(kept(tmp_path)) == 1


def test_another_database_by_its_address(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    upload = add(store(tmp_path / "uploads", url=url))
    assert (tmp_path / "elsewhere.db").exists()
    assert not list((tmp_path / "uploads").glob("*.sqlite3"))
    assert store(tmp_path / "uploads", url=url).recent() == (upload,)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "100%25 of ?mode=ro #1"
    add(store(folder))
    assert (folder / "uploads.sqlite3").exists()


@contextmanager
def full_disk() -> Iterator[None]:
    """Let the system refuse every file that grows beyond a kilobyte."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def send(client: FlaskClient, token: str) -> str:
    photo = encoded(Image.effect_noise((200, 200), 80), "PNG")
    form = {"csrf_token": token, "image": (BytesIO(photo), "rose.png")}
    response = client.post("/", data=form, headers={"Accept": "text/html"}, follow_redirects=True)
    assert response.status_code == 200
    return response.text


def test_a_full_disk_does_not_stop_an_answer(
    make_app: AppMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app().test_client()
    token = csrf_token(client)
    with full_disk():
        page = send(client, token)
        assert not list((tmp_path / "uploads").glob("??/??/*"))
    assert "rose.png" in page
    assert NOT_YET in page
    assert [r.levelno for r in caplog.records if "cannot be kept" in r.message] == [logging.WARNING]
    while "rose.png" not in client.get("/history").text:  # once there is room again
        pass
    while NOT_KEPT in send(client, token):  # the thread is about to say so
        pass


def test_a_folder_that_cannot_be_written_does_not_stop_an_answer(
    make_app: AppMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    client = make_app(uploads=str(tmp_path / "file" / "uploads")).test_client()
    assert NOT_YET in send(client, csrf_token(client))
    assert "cannot be kept" in caplog.text
    history = client.get("/history", headers={"Accept": "application/json"})
    assert history.status_code == 503
    assert history.json is not None
    assert history.json["code"] == "uploads-unavailable"
    assert str(tmp_path) not in history.text
    assert str(tmp_path) in caplog.text


def test_a_read_only_database_does_not_stop_an_answer(make_app: AppMaker) -> None:
    url = "sqlite:///file:/nowhere/at/all.db?mode=ro&uri=true"
    client = make_app(database_url=url).test_client()
    assert NOT_KEPT in send(client, csrf_token(client))


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "uploads.sqlite3").write_bytes(b"no database at all" * 100)
    uploads = store(tmp_path)
    with pytest.raises(UploadsError, match="not a database"):
        uploads.add([rose()])
    with pytest.raises(UploadsError, match="not a database"):
        uploads.recent()


@pytest.mark.parametrize("url", ["nonsense", "nonsense://a/b", "mssql+pymssql://a/b"])
def test_an_address_of_no_database_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="FLORIST_DATABASE_URL cannot be used"):
        store(tmp_path, url=url)


def test_nothing_is_kept_where_that_is_switched_off(make_app: AppMaker, tmp_path: Path) -> None:
    client = make_app(keep_uploads=False).test_client()
    send(client, csrf_token(client))
    assert not (tmp_path / "uploads").exists()


def test_the_api_keeps_nothing(client: FlaskClient, tmp_path: Path) -> None:
    assert client.post("/api/v1/predictions", data=red(), content_type="image/png").json
    assert not (tmp_path / "uploads").exists()
