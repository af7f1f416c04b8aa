"""The commands of training and evaluation; ``perception20k.cli.COMMANDS`` names them."""
