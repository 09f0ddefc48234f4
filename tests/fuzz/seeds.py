"""What a fuzzer begins with: bytes as they should be, made by code."""

import base64
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from florist.bundle import MODEL
from florist.formats import formats
from tests.conftest import COLOURS, TRAINED, noisy_picture, write_colour_bundle
from tests.costly_pictures import (
    gif,
    jpeg,
    png_of_pieces,
    png_with,
    run_length_bmp,
    segment,
    text,
    with_scans,
)
from tests.test_report import NEW, OLD
from tests.web.conftest import encoded, red
from tests.web.door.bad_pictures import oriented


def pictures(kind: str) -> list[bytes]:
    """Return a few small pictures of a format, in different modes and with metadata."""
    plain = noisy_picture(COLOURS["green"], 3, 40)
    found = [encoded(plain, kind), encoded(plain.resize((7, 13)), kind)]
    match kind:
        case "JPEG":
            found += [oriented(6), encoded(plain.convert("CMYK"), kind)]
            found += [encoded(plain, kind, progressive=True), encoded(plain.convert("L"), kind)]
            found += [with_scans(13), jpeg(segment(0xE1, b"Exif\0\0II*\0") * 15)]
        case "PNG":
            found += [encoded(plain.convert(mode), kind) for mode in ("RGBA", "P", "LA", "1")]
            found += [encoded(plain.convert("I;16"), kind), png_of_pieces(20)]
            found += [png_with(text(b"zTXt", 15, b"\0") + text(b"iTXt", 3, b"\0\0\0\0"))]
        case "WEBP":
            found += [encoded(plain, kind, lossless=True), encoded(plain.convert("RGBA"), kind)]
        case "TIFF":
            found += [
                encoded(plain.convert(mode), kind) for mode in ("L", "1", "P", "RGBA", "I;16")
            ]
            found += [
                encoded(plain, kind, compression=name)
                for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
            ]
            found += [encoded(plain.convert("1"), kind, compression="group4")]
        case "GIF":
            found += [gif(b"!\xfe\3abc\0!\xf9\0" * 9)]
        case "BMP":
            found += [run_length_bmp(200, 20)]
        case "HEIF":
            return found[:1]
    if kind in {"GIF", "PNG", "WEBP", "TIFF"}:
        other = noisy_picture(COLOURS["blue"], 4, 40)
        found += [encoded(plain, kind, save_all=True, append_images=[other], duration=50)]
    return found


def images() -> list[bytes]:
    return [content for kind in formats() for content in pictures(kind)]


def requests() -> list[bytes]:
    """Return calls of the page's and the API's addresses, with headers that they look at."""
    upload = "0" * 32
    before = f"Content-Type: application/x-www-form-urlencoded\n\nbefore={upload}"
    calls = [
        "GET /?x=1\nAccept: text/html\nHost: example.org\nX-Request-ID: a.b",
        "GET /model\nAccept-Encoding: gzip, br;q=0.1\nCookie: session=a.b.c",
        f'GET /history?before={upload}\nIf-None-Match: "a"',
        f"GET /uploads/{upload}/240\nRange: bytes=0-9",
        f"POST /uploads/{upload}/delete\n{before}",
        f"POST /history/delete\n{before}",
        'GET /static/base.css?v=1\nIf-Range: "a"',
        "OPTIONS /api/v1/predictions\nOrigin: https://a.example",
        "HEAD /api/openapi.json\nAuthorization: Bearer k",
        "GET /metrics\nAccept: */*",
        f"GET /?answer={upload}&answer=0\nAccept: text/html",
        f"GET /answers/{upload}",
    ]
    picture = b"POST /api/v1/predictions?top=2\nContent-Type: image/png\n\n"
    form = multipart()[0].partition(b"\n")[2]
    sent = b"POST /\nAccept: text/html\nContent-Type: multipart/form-data; boundary=b\n\n"
    return [*(call.encode() for call in calls), picture + red(8), sent + form]


def multipart() -> list[bytes]:
    """Return forms, each behind what goes on with `multipart/form-data`."""
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
    typed = part + b"Content-Type: image/png\r\n\r\n" + red(8) + b"\r\n"
    field = b'--b\r\nContent-Disposition: form-data; name="top"\r\n\r\n3\r\n'
    extended = typed.replace(b'filename="a.png"', b"filename*=UTF-8''%e2%82%ac.png")
    plain, quoted = b"; boundary=b\n", b'; charset=utf-8; boundary="b"\n'
    return [
        plain + typed + b"--b--\r\n",
        quoted + field + typed + extended + b"--b--\r\n",
        plain + b"preamble\r\n" + typed * 3 + b"--b--\r\nepilogue",
    ]


def json_bodies() -> list[bytes]:
    text = base64.b64encode(red(8)).decode()
    urls = [text, f"data:image/png;base64,{text}"]
    return [
        json.dumps({"image": url}, indent=indent).encode() for url in urls for indent in (None, 1)
    ]


def bundles() -> list[bytes]:
    """Return files of a model folder, each behind its name."""
    with tempfile.TemporaryDirectory() as folder:
        model = write_colour_bundle(Path(folder) / "model")
        network = (model.path / MODEL).read_bytes()
    manifest = replace(model.manifest, trained=TRAINED).to_json()
    history = "epoch,loss,accuracy,val_loss,val_accuracy\n1,1.2,0.3,1.1,0.4\n2,0.8,0.6,0.7,0.7\n"
    return [
        b"manifest.json\n" + manifest.encode(),
        *(b"report.json\n" + json.dumps(report).encode() for report in (NEW, OLD)),
        b"history.csv\n" + history.encode(),
        b"model.onnx\n" + network,
    ]


def splits() -> list[bytes]:
    rows = "".join(
        f"{side},red,{n:064},red/{n}.png\n" for n, side in enumerate(("train", "val", "test"))
    )
    return [f"side,class,sha256,file\n{rows}".encode()]
