"""What every request passes: limits, keys, headers, errors, logs. Knows no model."""
