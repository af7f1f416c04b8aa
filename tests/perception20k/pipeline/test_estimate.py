import math

import pytest

from perception20k.config import Calls, Config, Describe, Detect, Objects, Score
from perception20k.pipeline.estimate import ApiCost, Estimate, Measured


def measured(files: int, **lists: list[float]) -> Measured:
    return Measured(files, **lists)  # type: ignore[arg-type]


def test_totals_are_scaled_from_the_sample_to_all_files() -> None:
    some = measured(100, images=[1, 1, 0, 2], samples=[4, 4, 0, 8])
    assert (some.total("images"), some.total("samples"), some.total("bytes")) == (100, 400, 0)


def test_the_error_is_that_of_a_total_from_a_sample_without_replacement() -> None:
    # variance of 4, 4, 0, 8 is 32/3: 100 * sqrt(32/3 / 4 * (1 - 4/100)) = 160
    assert measured(100, samples=[4, 4, 0, 8]).error == pytest.approx(160)
    assert measured(4, samples=[4, 4, 0, 8]).error == 0
    assert measured(1, samples=[4]).error == 0


def test_an_api_costs_tokens_money_and_time() -> None:
    photos = measured(1000, images=[1, 1], good=[1, 1], samples=[3, 3], bytes=[1e6, 3e6], seconds=[0.5, 1.3])
    config = Config(("photos/",), describe=Describe(), detect=Detect(), score=(Score("qalign"),))
    found = Estimate(config, photos, Measured(0), workers=2)
    assert found.api is not None and found.api.requests == 1000
    assert found.api.dollars == pytest.approx(1000 * (1300 * 1.25 + 800 * 10) / 1e6)  # 9.63
    assert found.bytes == pytest.approx(2 * 1000 * 2e6)
    assert found.hours == pytest.approx(1000 * 0.9 / 2 / 3600 + 1000 / 60 / 60)
    assert found.lines[:6] == [
        "Files    photos: 1,000, videos: 0; measured: 2",
        "Images   1,000, of which 1,000 are good enough",
        "API      1,000 requests, 1.3 M tokens in and 0.8 M out, about 9.62 USD",
        "Samples  about 3,000",
        "Disk     about 4.0 GB",
        "Time     about 24 min with 2 workers",
    ]
    assert any("the models' time is not included" in line for line in found.lines[6:])


def test_a_model_without_a_known_price_has_none() -> None:
    config = Config(("a",), describe=Describe("openai", "my-model"), detect=Detect())
    found = Estimate(config, measured(10, good=[1]), Measured(0), workers=1)
    assert found.api == ApiCost(config.describe, 10) and found.api.dollars is None
    assert "price unknown" in found.lines[2]


def test_what_models_find_is_assumed_and_said() -> None:
    for objects in (None, Objects("a-detector")):
        lines = Estimate(Config(("a",), objects=objects), measured(10, good=[1]), Measured(0), workers=1).lines
        assert any("2.5 objects in every image" in line for line in lines)


@pytest.mark.parametrize("describe", [None, Describe("local", "m")])
def test_without_an_api_there_is_no_request(describe: Describe | None) -> None:
    found = Estimate(Config(("a",), describe=describe), measured(10, good=[1]), Measured(0), workers=1)
    assert found.api is None and found.lines[2] == "API      no request"
    assert found.lines[2] == "API      no request"
    assert math.isfinite(found.hours)


def test_batch_mode_halves_the_price_and_a_thinking_budget_bounds_what_is_written() -> None:
    batch = ApiCost(Describe(calls=Calls(batch=True)), 1000)
    assert batch.dollars == pytest.approx(9.625 / 2) and batch.hours == 0 and "within a day" in batch.assumed
    # 20 tokens of answer and 128 of thought: 1000 * (1300 * 1.25 + 148 * 10) / 1e6
    brief = ApiCost(Describe(thinking_budget=128), 1000)
    assert brief.tokens == (1300, 148) and brief.dollars == pytest.approx(3.105)
    assert ApiCost(Describe(thinking_budget=-1), 1).tokens == ApiCost(Describe(), 1).tokens == (1300, 800)
