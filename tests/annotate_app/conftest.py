"""A small dataset to review, a clock to set, and a person who judges."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.schemas import Event, Events
from annotate_app.review.service import Review
from annotate_app.web.server import create_app
from perception20k.dataset.layout import Layout
from tests.annotate_app.browser import Served, launch
from tests.annotate_app.datasets import write_dataset
from tests.waiting import DEADLINE

BARE = Settings(training=False, verify_own=True)


def client_of(review: Review) -> TestClient:
    """A client without a login, on the computer itself."""
    return TestClient(create_app(review), base_url="http://127.0.0.1")


class Clock:
    """The server's clock, in seconds; stands still unless told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Person:
    """One reviewer in one tab, with a clock of their own that is an hour ahead."""

    def __init__(self, review: Review, clock: Clock, name: str) -> None:
        self.review, self.clock, self.name = review, clock, name
        self.tab = str(uuid.uuid4())
        self.state: dict[str, Any] = {}

    @property
    def session(self) -> str:
        return str(self.state["session"])

    def open(self, verifies: str | None = None) -> dict[str, Any]:
        self.state = self.review.open(self.name, self.tab, {}, verifies)
        return self.state

    def event(self, action: str, position: int | None = None, *, age: float = 0.0, **more: Any) -> Event:
        at = self.clock.now + 3600 - age
        return Event(id=str(uuid.uuid4()), action=action, position=position, at=at, **more)

    def send(self, *events: Event) -> dict[str, Any]:
        batch = Events(tab=self.tab, sent_at=self.clock.now + 3600, events=list(events))
        return self.review.append(self.session, batch, None)

    def do(self, action: str, position: int | None = None, **more: Any) -> dict[str, Any]:
        return self.send(self.event(action, position, **more))

    def judge(self, delete: int = 0) -> None:
        """Judge everything, the first ``delete`` samples against, and finish."""
        for position in range(len(self.state["items"])):
            answer = self.do("delete" if position < delete else "accept", position)
            assert "refused" not in answer, answer
        assert "refused" not in self.do("finish")

    def leave(self) -> None:
        self.review.keep_lease(self.session, self.tab, True, None)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small samples; read only."""
    return write_dataset(tmp_path_factory.mktemp("small") / "dataset").root


@pytest.fixture
def layout(small: Path, tmp_path: Path) -> Layout:
    """Sixty small samples that may be changed."""
    return Layout(Path(shutil.copytree(small, tmp_path / "dataset")))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_review(layout: Layout, clock: Clock) -> Iterator[Callable[..., Review]]:
    """Opens the review of ``layout`` under settings; closed in the end."""
    opened: list[Review] = []

    def opener(settings: Settings = BARE) -> Review:
        opened.append(Review(Dataset(layout), settings, clock))
        return opened[-1]

    yield opener
    for review in opened:
        review.close()


@pytest.fixture
def review(open_review: Callable[..., Review]) -> Review:
    return open_review()


@pytest.fixture
def person(review: Review, clock: Clock) -> Person:
    """Ann, with a session open."""
    ann = Person(review, clock, "ann")
    ann.open()
    return ann


@dataclass(frozen=True)
class Desk:
    """An application that is up, over one review in which Ann has a session."""

    review: Review
    ann: Person
    client: TestClient
    guarded: TestClient
    """The same review behind a login."""

    def rows(self) -> dict[str, int]:
        """Rows of every table of the log: what must not change."""
        tables = ("sessions", "items", "events", "leases", "training")
        return {
            table: self.review.log.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        }


USERS = {"ann": "pass:word", "bob": "sésame"}


@pytest.fixture(scope="session")
def desk(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """For requests that change nothing: an application takes a second to make, so they share one."""
    layout = Layout(Path(shutil.copytree(small, tmp_path_factory.mktemp("desk") / "dataset")))
    clock = Clock()
    review = Review(Dataset(layout), BARE, clock)
    ann = Person(review, clock, "ann")
    ann.open()
    guarded = TestClient(create_app(review, USERS), follow_redirects=False)
    yield Desk(review, ann, client_of(review), guarded)
    review.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all; each test takes a context of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser contexts, each a person's own browser; closed in the end."""
    opened: list[BrowserContext] = []

    def opener(width: int = 1366, height: int = 768, scale: float = 1, **options: Any) -> BrowserContext:
        size = {"width": width, "height": height}
        opened.append(chromium.new_context(viewport=size, device_scale_factor=scale, **options))
        opened[-1].set_default_timeout(DEADLINE * 1000)
        return opened[-1]

    yield opener
    for context in opened:
        context.close()


@pytest.fixture
def serve_review(open_review: Callable[..., Review]) -> Iterator[Callable[..., Served]]:
    """Serves the review of ``layout``; stopped in the end."""
    running: list[Served] = []

    def server(settings: Settings = BARE, users: dict[str, str] | None = None, **more: str | None) -> Served:
        running.append(Served(open_review(settings), users, **more))  # type: ignore[arg-type]
        return running[-1]

    yield server
    for served in running:
        served.stop()
