"""Photo formats that Pillow reads with a plugin: HEIC and JPEG XL, which the extra ``formats`` brings.

A plugin is loaded when the first file of its format is met, whatever the file is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

HEIC_SUFFIXES = {".heic", ".heif", ".hif"}
JXL_SUFFIXES = {".jxl"}

EXTRA = "formats"
"""The extra that brings the plugins."""


@dataclass(frozen=True)
class Plugin:
    """A format and the package that reads it."""

    title: str
    package: str
    suffixes: frozenset[str]
    matches: Callable[[bytes], bool]
    """Whether a file's first 64 bytes are of the format."""
    register: Callable[[Any], object] = lambda module: None
    """What has to be done with the imported package, if importing it is not enough."""


def _is_heic(head: bytes) -> bool:
    """Whether the brands that the file declares name HEVC; the same container holds AVIF, which Pillow reads itself."""
    brands = head[8 : int.from_bytes(head[:4])]
    return head[4:8] == b"ftyp" and any(brand in brands for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc"))


def _is_jxl(head: bytes) -> bool:
    return head.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"))


PLUGINS = (
    Plugin("HEIC", "pillow_heif", frozenset(HEIC_SUFFIXES), _is_heic, lambda module: module.register_heif_opener()),
    Plugin("JPEG XL", "pillow_jxl", frozenset(JXL_SUFFIXES), _is_jxl),
)


def plugin_for(data: bytes) -> Plugin | None:
    """The plugin that a file's bytes need; None if Pillow reads them by itself, or nothing does."""
    head = data[:64]
    return next((plugin for plugin in PLUGINS if plugin.matches(head)), None)


@cache
def load(plugin: Plugin) -> None:
    """Teach Pillow a format.

    Raises:
        ImportError: its package is not installed.
    """
    plugin.register(import_module(plugin.package))
