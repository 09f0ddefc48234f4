"""How far an answer is to be believed: arrays in, numbers out. NumPy only."""
