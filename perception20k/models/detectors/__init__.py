"""Detectors that box a named object, one module each."""
