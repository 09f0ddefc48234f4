"""Train on pictures and print what it took, as rows for docs/benchmarks.md.

    python benchmarks/train.py photos --backbone mobilenetv2
    python benchmarks/train.py --draw 20000 --backbone mobilenetv2-0.35 --weights none --epochs 1

Everything after the data set goes to `florist train`. `--draw N` draws N small random pictures in
four classes instead, to see how memory grows. Peak memory is that of the whole process; what an
idle process with TensorFlow in it takes is printed beside it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

IDLE = "import keras; keras.layers.Dense(1)(keras.ops.ones((1, 1)))"


def main(arguments: list[str]) -> None:
    """Train as the command line says, and print the figures."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        work = Path(folder)
        if arguments[0] == "--draw":
            draw(work / "pictures", int(arguments[1]))
            dataset, options = str(work / "pictures"), arguments[2:]
        else:
            dataset, options = arguments[0], arguments[1:]
        command = ["-m", "florist", "train", dataset, "--output", str(work / "output"), *options]
        seconds, peak, text = measured(command)
        _, idle, _ = measured(["-c", IDLE])
    print(f"florist train {Path(dataset).name} {' '.join(options)}")
    epochs = [float(found) for found in re.findall(r"Epoch.* ([\d.]+) s", text)]
    speed = re.search(r"Features \(training\): .*?([\d.]+)/s", text)
    accuracy = re.search(r"Accuracy ([\d.]+%) on (\d+) pictures \((.*)\)", text)
    print(f"  test accuracy    {accuracy[0] if accuracy else 'none'}")
    print(f"  whole time       {seconds:.0f} s")
    print(f"  features         {speed[1] if speed else '-'} views/s")
    print(f"  epochs           {len(epochs)}, {np.median(epochs):.1f} s each (median)")
    print(f"  peak memory      {peak / 2**20:.2f} GiB; idle with TensorFlow {idle / 2**20:.2f} GiB")


def measured(command: list[str]) -> tuple[float, int, str]:
    """Run Python; return seconds, peak resident memory in KiB, and what it printed."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, *command], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if status:
        sys.exit(text)
    return seconds, usage.ru_maxrss, text


def draw(root: Path, count: int) -> None:
    """Write random pictures of 64 pixels, no two alike, in four shades."""
    rng = np.random.default_rng(0)
    for index in range(count):
        folder = root / f"class{index % 4}"
        folder.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 160, (16, 16, 3), np.uint8) + np.uint8(30 * (index % 4))
        picture = Image.fromarray(coarse).resize((64, 64), Image.Resampling.BILINEAR)
        picture.save(folder / f"{index:06}.jpg")


if __name__ == "__main__":
    main(sys.argv[1:])
