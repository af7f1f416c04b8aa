"""The app where a proxy serves it: below a prefix, with TLS in front, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from annotate_app.web.site import Site
from perception20k.core.errors import UserError
from tests.annotate_app.browser import Reader, Served, free_port
from tests.waiting import until

DOCS = Path(__file__).parents[3] / "docs" / "review.md"


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("https://lab.example", "https://lab.example", ""),
        ("https://Lab.example:443/", "https://lab.example", ""),
        ("http://lab.example:8080/a/b/", "http://lab.example:8080", "/a/b"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443", "/x"),
    ],
)
def test_an_address_is_read_as_browsers_read_it(url: str, origin: str, prefix: str) -> None:
    assert Site.of(url) == Site(origin, prefix)
    assert Site.of(url).url == f"{origin}{prefix}/"


@pytest.mark.parametrize(
    "url", ["", "lab.example", "ftp://lab.example", "https://", "https://a:x/", "https://u@lab.example", "https://a/?b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="is no such address"):
        Site.of(url)


def recipe(name: str) -> str:
    """The code block that follows a heading of the documentation."""
    text = DOCS.read_text(encoding="utf-8").partition(f"#### {name}\n")[2]
    return text.split("```")[1].partition("\n")[2]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_the_recipe_for_nginx_works_with_tls_below_a_prefix(
    serve_review: Callable[..., Served], open_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    port = free_port()
    served = serve_review(users={"ann": "secret"}, public_url=f"https://localhost:{port}/review-lab")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [*("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"),
         *("-keyout", key, "-out", certificate)], check=True, capture_output=True,
    )  # fmt: skip
    places = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "lab.example": "localhost",
        "/etc/ssl/lab.pem": str(certificate),
        "/etc/ssl/lab.key": str(key),
        "127.0.0.1:7860": f"127.0.0.1:{served.port}",
    }
    server = recipe("nginx")
    for documented, here in places.items():
        assert documented in server
        server = server.replace(documented, here)
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    nginx = subprocess.Popen(["nginx", "-c", config, "-e", tmp_path / "error.log"])
    try:
        until(lambda: (tmp_path / "pid").exists() or nginx.poll() is not None)
        assert nginx.poll() is None, (tmp_path / "error.log").read_text()
        context = open_context(ignore_https_errors=True, http_credentials={"username": "ann", "password": "secret"})
        reader = Reader(context, f"https://localhost:{port}/review-lab/")
        assert reader.page.url == f"https://localhost:{port}/review-lab/review/"
        reader.page.click("#start .main")
        reader.on_stage()
        reader.press("ArrowRight", "x")
        reader.sent()
        assert served.rows("SELECT action FROM standing ORDER BY position") == [("accept",), ("delete",)]
        assert reader.hosts == {f"localhost:{port}"}
        assert reader.errors == []
    finally:
        nginx.terminate()
        nginx.wait()
