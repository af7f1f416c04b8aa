"""Pixels: photos and videos in, lossless images out, what can be seen of a change, contact sheets."""
