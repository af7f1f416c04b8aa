"""What every room may use: errors, atomic files, keyed draws, spill lists, typed configuration, extras, reporting."""
