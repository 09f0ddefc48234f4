"""The model folder: the only thing that crosses from training to serving.

A bundle is data, never a program. `manifest.json` says what the model expects and holds the SHA-256
of every other file, which is checked whenever one is read.
"""

from florist.bundle.files import (
    CARD,
    CONFUSION_PLOT,
    DOUBTS,
    HISTORY,
    INT8_MODEL,
    KERAS_MODEL,
    LABELS,
    MANIFEST,
    MODEL,
    NETWORKS,
    PICTURES,
    RELIABILITY_PLOT,
    REPORT,
    REPORT_PAGE,
    SERVING,
    SPLIT,
    TRAINING,
    TRAINING_PLOT,
    TRUST,
    UNFINISHED,
    Precision,
    digests,
)
from florist.bundle.manifest import SCHEMA, Manifest, Provenance, TrainedOn
from florist.bundle.read import CURRENT, Bundle, read_bundle
from florist.bundle.write import Registry, require_free, sweep, write_bundle

__all__ = [
    "CARD",
    "CONFUSION_PLOT",
    "CURRENT",
    "DOUBTS",
    "HISTORY",
    "INT8_MODEL",
    "KERAS_MODEL",
    "LABELS",
    "MANIFEST",
    "MODEL",
    "NETWORKS",
    "PICTURES",
    "RELIABILITY_PLOT",
    "REPORT",
    "REPORT_PAGE",
    "SCHEMA",
    "SERVING",
    "SPLIT",
    "TRAINING",
    "TRAINING_PLOT",
    "TRUST",
    "UNFINISHED",
    "Bundle",
    "Manifest",
    "Precision",
    "Provenance",
    "Registry",
    "TrainedOn",
    "digests",
    "read_bundle",
    "require_free",
    "sweep",
    "write_bundle",
]
