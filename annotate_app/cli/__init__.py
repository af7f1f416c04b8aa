"""The commands of the app; ``perception20k.cli.COMMANDS`` names them."""
