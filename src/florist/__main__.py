"""`python -m florist` is `florist`."""

from florist.cli import main

main()
