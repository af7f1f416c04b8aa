"""What every room may use: errors, whole files, keyed randomness, sequences on disk, typed configuration, extras."""
