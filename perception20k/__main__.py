"""``python -m perception20k``: the command line without the installed script."""

from perception20k.cli import main

main()
