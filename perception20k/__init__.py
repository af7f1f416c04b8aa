"""Perception20K: build, review, export and rebuild datasets of local image distortions.

The pipeline turns photos and videos into locally distorted samples: sources, score, describe, detect,
distort, review, split, export. Run it with ``perception20k build``; see ``perception20k --help``.
"""

__version__ = "0.1.0"
