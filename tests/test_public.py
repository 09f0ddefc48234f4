"""What `import florist` gives, and when."""

import subprocess
import sys

import florist

# Whoever changes these changes what other people's programs say.
PUBLIC = {
    *("load", "Predictor", "Prediction", "Result", "Failure", "Runtime", "Limits"),
    *("scan", "Dataset", "train", "TrainingConfig", "Augmentation", "Listener"),
    *("evaluate", "Report", "FloristError", "ImageError"),
}


def test_the_public_names_are_these() -> None:
    assert set(florist.__all__) == PUBLIC
    assert sorted(florist.__all__) == florist.__all__
    assert {name for name in dir(florist) if not name.startswith("_")} == PUBLIC
    for name in PUBLIC:
        assert getattr(florist, name).__module__.startswith("florist.")
    assert not hasattr(florist, "os")


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, florist; dir(florist);"
        "assert not {'numpy', 'PIL', 'florist.prediction', 'florist.training'} & set(sys.modules);"
        "florist.TrainingConfig, florist.train, florist.scan, florist.load;"
        "assert not {'keras', 'tensorflow', 'flask'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
