"""Detectors that box a named object, each behind a module of its own."""
