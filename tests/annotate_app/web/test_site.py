"""The app where a proxy serves it: below a prefix, with TLS in front, in a real browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from annotate_app.web.site import Site
from perception20k.core.errors import UserError
from tests.annotate_app.browser import Reader, Served, free_port
from tests.waiting import DEADLINE, until

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
    with pytest.raises(UserError, match="not a web address"):
        Site.of(url)


def recipe(name: str) -> str:
    """The code block that follows a heading of the documentation."""
    text = DOCS.read_text(encoding="utf-8").partition(f"#### {name}\n")[2]
    return text.split("```")[1].partition("\n")[2]


def filled_in(recipe: str, places: dict[str, str]) -> str:
    """A recipe with this machine's places instead of the documented ones."""
    for documented, here in places.items():
        assert documented in recipe
        recipe = recipe.replace(documented, here)
    return recipe


def nginx_command(folder: Path, port: int, served: int) -> list[str]:
    """Write nginx's configuration, by the recipe; what runs it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [*("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"),
         *("-keyout", key, "-out", certificate)], check=True, capture_output=True,
    )  # fmt: skip
    places = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "lab.example": "localhost",
        "/etc/ssl/lab.pem": str(certificate),
        "/etc/ssl/lab.key": str(key),
        "127.0.0.1:7860": f"127.0.0.1:{served}",
    }
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{filled_in(recipe('nginx'), places)}}}\n"
    )
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def caddy_command(folder: Path, port: int, served: int) -> list[str]:
    """Write Caddy's configuration, by the recipe, with a certificate of its own; what runs it."""
    alone = "{\nadmin off\nskip_install_trust\nauto_https disable_redirects\ngrace_period 1s\n}\n"
    places = {"lab.example": f"localhost:{port}", "127.0.0.1:7860": f"127.0.0.1:{served}"}
    (folder / "Caddyfile").write_text(alone + filled_in(recipe("Caddy"), places))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("proxy", "command"), [("nginx", nginx_command), ("caddy", caddy_command)])
def test_the_recipe_works_with_tls_below_a_prefix_for_reviewers_and_the_lead(
    serve_review: Callable[..., Served],
    open_context: Callable[..., BrowserContext],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxy: str,
    command: Callable[[Path, int, int], list[str]],
) -> None:
    if shutil.which(proxy) is None:
        pytest.skip(f"{proxy} is not installed")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # where Caddy keeps its certificate
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    port = free_port()
    url = f"https://localhost:{port}/review-lab"
    served = serve_review(users={"ann": "secret", "lead": "other"}, public_url=url, lead="lead")
    log = tmp_path / "proxy.log"
    with log.open("w") as said:
        process = subprocess.Popen(command(tmp_path, port, served.port), stdout=said, stderr=said)
    try:
        until(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        context = open_context(ignore_https_errors=True, http_credentials={"username": "ann", "password": "secret"})
        reader = Reader(context, f"{url}/")
        assert reader.page.url == f"{url}/review/"
        reader.page.click("#start .main")
        reader.on_stage()
        reader.press("ArrowRight", "x")
        reader.sent()
        assert served.rows("SELECT action FROM standing ORDER BY position") == [("accept",), ("delete",)]
        assert reader.hosts == {f"localhost:{port}"}
        assert reader.errors == []
        check_lead(
            open_context(ignore_https_errors=True, http_credentials={"username": "lead", "password": "other"}), url
        )
    finally:
        process.terminate()
        process.wait()


def check_lead(context: BrowserContext, url: str) -> None:
    """The lead's page shows its figures and its thumbnails, and asks no other host."""
    page = context.new_page()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.partition("/review-lab/")[0]))
    page.goto(f"{url}/lead/")
    expect.set_options(timeout=DEADLINE * 1000)
    expect(page.get_by_text("60 samples, page 1 of 2")).to_be_visible()
    thumbnail = ".grid-container button.thumbnail-item img"
    page.wait_for_function("which => document.querySelector(which)?.naturalWidth > 0", arg=thumbnail)
    page.get_by_role("tab", name="Progress").click()
    expect(page.get_by_text("ann", exact=True).last).to_be_visible()
    assert asked - {"data:", "blob:"} <= {url.removesuffix("/review-lab")}
