"""The JSON API, the probes, the metrics, and the description of them."""
