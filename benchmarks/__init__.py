"""florist beside the classic way and its peers: `python -m benchmarks --help`."""
