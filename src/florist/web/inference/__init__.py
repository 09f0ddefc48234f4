"""The loaded model, and a bounded number of places and a deadline around it. Knows no Flask."""
