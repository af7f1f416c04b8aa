"""What the review app's server costs with a decision on nearly every sample; :mod:`benchmarks.review` runs it."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

import httpx
import psutil

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.schemas import Event, Events
from annotate_app.review.service import Review
from perception20k.dataset.layout import Layout
from tests.annotate_app.browser import Process


def fill_log(layout: Layout, samples: int) -> None:
    """Decisions on all but 60 of the samples, in sessions of at most 2,000; the last one is left open."""
    batch = min(2000, samples // 2)
    review = Review(Dataset(layout), Settings(training=False, batch=batch))
    with closing(review):
        for number in range(samples // batch):
            tab, last = str(uuid.uuid4()), number == samples // batch - 1
            session = review.open(f"reviewer {number}", tab, {}, None)["session"]
            positions = range(batch - 60 if last else batch)
            for start in range(0, len(positions), 100):
                events = [
                    Event(id=str(uuid.uuid4()), action="delete" if k % 50 == 49 else "accept", at=0.0, position=k)
                    for k in positions[start : start + 100]
                ]
                review.append(session, Events(tab=tab, sent_at=0.0, events=events), None)
            if not last:
                finish = Event(id=str(uuid.uuid4()), action="finish", at=0.0)
                review.append(session, Events(tab=tab, sent_at=0.0, events=[finish]), None)
            review.keep_lease(session, tab, True, None)


def measure_size(layout: Layout, samples: int) -> None:
    """What a server over ``samples`` samples costs, with a log that has a decision on nearly all of them."""
    fill_log(layout, samples)
    began = time.perf_counter()
    server = Process(layout.root, "--no-training", "--team", "1", "--batch", "2000")
    started = time.perf_counter() - began
    process, tab = psutil.Process(server.pid), str(uuid.uuid4())
    cpu = process.cpu_times().user
    name = f"reviewer {samples // min(2000, samples // 2) - 1}"
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            opened = client.post("api/sessions", json={"reviewer": name, "tab": tab}).json()
            base, place = f"api/sessions/{opened['session']}", len(opened["items"]) - 60

            def decide(*actions: str) -> float:
                nonlocal place
                now, events = time.time(), []
                for action in actions:
                    events.append({"id": str(uuid.uuid4()), "action": action, "at": now, "position": place})
                    place += 1
                return timed(lambda: client.post(f"{base}/events", json={"tab": tab, "sent_at": now, "events": events}))

            measured = {"delete": [decide("delete") for _ in range(10)]}
            fifty = decide(*["accept", "accept", "accept", "accept", "delete"] * 10)
            measured["start page"] = [timed(lambda: client.get("api/overview")) for _ in range(10)]
            measured["image"] = [timed(partial(client.get, f"{base}/images/{k}")) for k in range(30)]
            with crowd(server.url):
                measured["crowded"] = [timed(partial(client.get, f"{base}/images/{k}")) for k in range(30)]
    finally:
        memory = process.memory_info().rss / 2**20
        server.kill()
    middle = {name: statistics.median(times) for name, times in measured.items()}
    print(
        f"{samples} samples: ready in {started:.1f} s ({cpu:.1f} s of CPU), {memory:.0f} MiB\n"
        f"  delete {middle['delete']:.1f} ms, 50 decisions in one request {fifty:.0f} ms\n"
        f"  start page {middle['start page']:.0f} ms, image {middle['image']:.0f} ms, and while others open the start "
        f"page {middle['crowded']:.0f} ms, at most {max(measured['crowded']):.0f}",
        flush=True,
    )


def timed(ask: Callable[[], httpx.Response]) -> float:
    """Milliseconds until an answer that must be good."""
    began = time.perf_counter()
    ask().raise_for_status()
    return 1000 * (time.perf_counter() - began)


@contextmanager
def crowd(url: str) -> Iterator[None]:
    """Somebody opens the start page again and again."""
    stopped = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not stopped.wait(0.05):
                client.get("api/overview").raise_for_status()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
