"""The pictures in a folder for each class, as a ZIP that the browser makes of their files."""

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import noted
from tests.browser.test_many import show
from tests.conftest import COLOURS, noisy_picture

pytestmark = pytest.mark.browser

# A ZIP whose third file lies beyond 4 GiB: where in it is what, but for two times 2.1 GiB of zeros.
# They share 64 MiB.
LARGE = """async (script) => {
    const { crcOf, zipOf } = await import(script);
    const zeros = new Blob([new Uint8Array(2 ** 26)]);
    const large = new Blob(Array.from({ length: 34 }, () => zeros));
    const small = new Blob(["a rose"]);
    const modified = new Date(2020, 1, 2).getTime();
    const zip = zipOf([
        { path: "a", blob: large, crc: 0, modified: 0 },
        { path: "b", blob: large, crc: 0, modified: 0 },
        { path: "Füße/rose.txt", blob: small, crc: await crcOf(small), modified },
    ]);
    const header = 31;
    const second = header + large.size;
    const pieces = [[0, header], [second, second + header], [2 * second, zip.size]];
    return Promise.all(pieces.map(async ([start, end]) => {
        const content = await zip.slice(start, end).arrayBuffer();
        return [start, [...new Uint8Array(content)]];
    }));
}"""


def script(page: Page, name: str) -> str:
    """Return the address of one of the page's scripts."""
    link = page.locator("link[rel=modulepreload]").first
    return str(link.evaluate("(link, name) => new URL(name, link.href).href", name))


def download(page: Page, path: Path) -> Path:
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download sorted").click()
    assert saved.value.suggested_filename == "sorted.zip"
    saved.value.save_as(path)
    return path


def test_each_class_has_a_folder(
    serve: Serve, open_page: OpenPage, many: list[Path], tmp_path: Path
) -> None:
    page = open_page(serve())
    show(page, many)
    page.get_by_role("button", name="green 2").click()  # what is shown is no matter
    with ZipFile(download(page, tmp_path / "sorted.zip")) as zipped:
        assert zipped.testzip() is None
        files = {path.name: path for path in many}
        assert sorted(zipped.namelist()) == [
            "blue/3 blue.png",
            "blue/4 blue.png",
            "blue/5 blue.png",
            "green/1 green.png",
            "green/2 green.png",
            "no answer/no picture.jpg",
            "red/0 red.png",
            "red/=1+1, grey.png",
        ]
        for entry in zipped.infolist():
            assert zipped.read(entry) == files[Path(entry.filename).name].read_bytes()
            assert entry.date_time[0] >= 2024
    noted(page, len(many))
    page.reload()
    expect(page.locator(".card")).to_have_count(8)
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    expect(page.get_by_role("button", name="Download sorted")).to_be_hidden()  # no file is at hand


def test_names_are_safe_and_no_picture_is_lost(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    album = tmp_path / "album"
    names = ["a/rose.png", "b/rose.png", "c/ROSE.png", 'a/what? "x".png', "a/con.png"]
    for number, name in enumerate(names):
        (album / name).parent.mkdir(parents=True, exist_ok=True)
        noisy_picture(COLOURS["red"], number, 64).save(album / name)
    long = album / f"a/{'l' * 240}.png"
    shutil.copy(album / names[0], long)
    page = open_page(serve())
    page.set_input_files("#folder", album)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#answered")).to_have_text("6 pictures", timeout=30_000)
    with ZipFile(download(page, tmp_path / "sorted.zip")) as zipped:
        assert zipped.testzip() is None
        taken = {Path(name).name for name in zipped.namelist()}
    assert {each for each in taken if len(each) < 100} == {
        "rose.png",
        "rose (2).png",
        "ROSE (3).png",
        "what_ _x_.png",
        "_con.png",
    }
    assert len(taken) == 6


def test_a_file_that_is_gone_is_left_out_and_said(
    serve: Serve, open_page: OpenPage, many: list[Path], tmp_path: Path
) -> None:
    page = open_page(serve(), expected="ERR_FILE_NOT_FOUND")
    show(page, many)
    many[0].unlink()
    with ZipFile(download(page, tmp_path / "sorted.zip")) as zipped:
        assert len(zipped.namelist()) == 7
    expect(page.locator("#missing")).to_contain_text("1 of them could not be read")


def test_more_than_four_gib_can_be_read(serve: Serve, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(serve())
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        for start, content in page.evaluate(LARGE, script(page, "zip.js")):
            file.seek(start)  # over a hole
            file.write(bytes(content))
    with ZipFile(path) as zipped:
        rose = zipped.getinfo("Füße/rose.txt")
        assert rose.header_offset > 2**32
        assert rose.date_time == (2020, 2, 2, 0, 0, 0)
        assert zipped.read(rose) == b"a rose"
        with zipped.open("b") as zeros:
            assert zeros.read(8) == bytes(8)
