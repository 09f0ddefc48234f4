"""What is measured with: pictures, models trained on a few of them, environments for the peers."""

import json
import shutil
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.processes import python, run
from florist.dataset import Dataset, Sample, scan
from florist.demo import write_demo

HERE: Final = Path(__file__).parent
_FEW: Final = 40  # pictures of each class, for models whose answers do not matter


@dataclass(frozen=True)
class Bench:
    """What a run of the benchmarks is given.

    `photos` is a folder of pictures, `weights` the backbone weights of MobileNetV2 0.35 without its
    top ("none": random ones), `work` where everything is kept that can be used again. Memory is
    measured with `pictures` drawn ones, and with ten times as many. `trust` takes a model that was
    trained on many pictures.
    """

    photos: Path
    weights: str
    work: Path
    seconds: float = 20.0
    pictures: int = 2000
    epochs: int = 50
    seeds: int = 3
    backbones: tuple[str, ...] = ("mobilenetv2", "inceptionv3")
    peers: bool = True
    trust: bool = True

    def split(self) -> Path:
        """Return florist's own split of the photographs as folders that every tool can read."""
        return _split(self.photos, self.work / "split")

    def few(self) -> Path:
        """Return a few of the photographs, as a folder of classes."""
        return _few(self.photos, self.work / "few")

    def jpegs(self) -> list[bytes]:
        """Return some of the photographs, as they are on the disk."""
        return [file.read_bytes() for file in sorted(self.few().rglob("*"))[::7] if file.is_file()]

    def model(self, backbone: str) -> Path:
        """Return a model folder with random weights in the backbone: it is time that counts."""
        target = self.work / f"model-{backbone}"
        if not target.exists():
            options = f"--backbone {backbone} --weights none --epochs 1 --views 1 --force".split()
            command = ["-m", "florist", "train", str(self.few()), "--output", str(target), *options]
            run(python(*command))
        return target

    def classic_model(self, backbone: str) -> Path:
        """Return the same network as the classic way saves it."""
        target = self.work / f"classic-{backbone}.keras"
        if not target.exists():
            split = _split(self.few(), self.work / "few-split")
            script = str(HERE / "classic" / "train.py")
            options = ["--weights", "none", "--epochs", "1", "--save", str(target)]
            run(python(script, str(split), backbone, *options))
        return target

    def environment(self, peer: str) -> Path:
        """Return the Python of a peer's own virtual environment, set up when it is first needed."""
        folder = self.work / "peers" / peer
        interpreter = folder / "bin" / "python"
        if not (folder / "ready").exists():
            venv.create(folder, with_pip=True, clear=True)
            pip = [str(interpreter), "-m", "pip", "--quiet", "--disable-pip-version-check"]
            wanted = HERE / "peers" / f"{peer}.txt"
            run([*pip, "install", "-r", str(wanted)])
            # Gradio wants an older Pillow than florist asks for; the decoder can use it.
            run([*pip, "install", "--no-deps", str(HERE.parent)])
            (folder / "ready").touch()
        return interpreter


def drawn(work: Path, per_class: int) -> Path:
    """Return a folder of drawn flowers, for where there are no photographs."""
    folder = work / f"drawn-{per_class}"
    if not folder.exists():
        write_demo(folder, per_class=per_class)
    return folder


def phone_jpeg(photo: Path, size: tuple[int, int] = (4032, 3024)) -> bytes:
    """Return a photograph as a phone would have stored it, with a sensor's noise."""
    with Image.open(photo) as image:
        large = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).normal(0, 3, (size[1], size[0], 1))
    noisy = (np.asarray(large) + noise).clip(0, 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(noisy).filter(ImageFilter.GaussianBlur(0.6)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def versions(interpreter: Path, packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages in an environment."""
    program = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    )
    found = json.loads(run([str(interpreter), "-c", program, *packages]).text)
    return {str(name): str(version) for name, version in found.items()}


@cache
def scanned(photos: Path) -> Dataset:
    """Return the data set of a folder, read once."""
    return scan(photos)


def _split(photos: Path, target: Path) -> Path:
    if not target.exists():
        dataset = scanned(photos)
        for side in ("train", "val", "test"):
            for sample in dataset.side(side):
                _copy(sample, target / side / dataset.classes[sample.label])
    return target


def _few(photos: Path, target: Path) -> Path:
    if not target.exists():
        dataset = scanned(photos)
        # Of all sides alike, so that none is left without pictures.
        sides = zip_longest(dataset.train, dataset.val, dataset.test)
        left = dict.fromkeys(range(len(dataset.classes)), _FEW)
        for sample in chain.from_iterable(sides):
            if sample is not None and left[sample.label]:
                left[sample.label] -= 1
                _copy(sample, target / dataset.classes[sample.label])
    return target


def _copy(sample: Sample, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sample.path, folder / sample.name.replace("/", "_"))
