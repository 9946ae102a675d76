"""`python -m geocrm` is the `geocrm` command."""

from geocrm.cli import main

main()
