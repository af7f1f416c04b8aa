import re
from base64 import b64decode

import numpy as np
import pytest

from distortions import catalog, distort, groups
from perception20k.imaging import images
from perception20k.imaging.catalog_page import catalog_page
from perception20k.imaging.visibility import measure


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.Generator(np.random.PCG64(2)).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def page(photo: np.ndarray) -> str:
    return catalog_page(photo, preset="kadid-10k", seed=5)


def test_every_type_has_its_five_pictures_under_its_group(page: str) -> None:
    order = re.findall(r'<h[23] id="([^"]+)"', page)
    expected = [
        name
        for group in groups("kadid-10k")
        for name in (group, *(entry.type for entry in catalog("kadid-10k") if entry.group == group))
    ]
    assert order == expected
    assert page.count("<figure>") == page.count('type="range"') == 5 * len(catalog("kadid-10k"))


def test_the_figures_are_those_of_the_exact_pixels(page: str, photo: np.ndarray) -> None:
    seen = measure(photo, distort(photo, "darken", 3, seed=5, preset="kadid-10k"))
    section = page[page.index('<h3 id="darken">') :]
    assert f"PSNR {seen.psnr:.1f} dB · SSIM {seen.ssim:.3f} · ΔE {seen.delta_e:.1f}" in section


def test_the_pictures_are_in_the_page_and_nothing_is_elsewhere(page: str) -> None:
    stored = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    assert images.decode(b64decode(stored[0])).shape == (24, 32, 3)
    assert not re.search(r'(?:src|href)="(?!data:|#)|url\((?!data:)', page)
