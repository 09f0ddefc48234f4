"""Templates of one's own, as docs/serving.md shows them."""

from pathlib import Path

from tests.test_docs import blocks
from tests.web.conftest import AppMaker, red
from tests.web.pages.test_pages import PERSON, post

DOCS = Path(__file__).parents[3] / "docs" / "serving.md"


def test_the_example_changes_the_title_and_leaves_the_app_whole(
    make_app: AppMaker, tmp_path: Path
) -> None:
    (example,) = (block for block in blocks(DOCS, "html") if "extends" in block)
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "index.html").write_text(example)
    client = make_app(templates=str(folder)).test_client()
    page = client.get("/", headers=PERSON).text
    assert "<title>Which flower is it? · florist</title>" in page
    assert "<h1>Which flower is it?</h1>" in page
    assert "What is in the picture?" not in page
    answered = post(client, red())
    assert answered.status_code == 200
    assert "<h1>Which flower is it?</h1>" in answered.text
    assert '<h2 class="card-label">red' in answered.text
    assert 'id="waiting"' in answered.text
    assert "0.png" in client.get("/history", headers=PERSON).text
