from dataclasses import replace

import pytest

from distortions import GROUPS, SEVERITIES
from perception20k.dataset.rft import KINDS, kinds_of, prompt_parts, quoted, rft_row
from tests.perception20k.samples import BLANK

IMAGES = ({"bytes": b"s", "path": "s.jpg"}, {"bytes": b"d", "path": "d.webp"})

# Refine-IQA, "Prompts Used for Training and Evaluation", 1.; (FR) / (NR) taken apart, tags as the models see them
DESCRIPTION_NR = (
    "Given the distorted image [Dist.], please answer the following three questions one by one: 1. What object appears "
    "to have visual distortions? Select only one from ‘red cup’ and ‘spoon’. 2. What visual distortion appears on this "
    "object? Choose only one from ‘blur’, ‘noise’, ‘compression’, ‘overexposure’, ‘underexposure’, ‘high contrast’, "
    "‘low contrast’, ‘oversaturate’, ‘desaturate’, ‘oversharpen’, ‘pixelate’, and ‘quantization’. 3. How is the "
    "severity of the visual distortion? Select only one from ‘slight’, ‘noticeable’, ‘relatively obvious’, ‘severe’, "
    "‘catastrophic’. Please answer the questions in the following format: <answer>chosen object / chosen distortion "
    "type / chosen severity</answer>."
)
GROUNDING_FR = (
    "Given the original image [Ref.] and the distorted image [Dist.], please provide the exact bounding box "
    "coordinates of the localized visual distortion area in the distorted image, represented by the top-left corner "
    "coordinates "
    "(x1,y1) and the bottom-right corner coordinates (x2,y2). Directly give your answer within the <answer> </answer> "
    "tags. The final output should be strictly with the following format: <answer> x1,y1,x2,y2 </answer>, and the "
    "accuracy should be represented as an integer."
)


def shown(task: str, mode: str) -> str:
    marks = iter(["[Ref.]", "[Dist.]"] if mode == "fr" else ["[Dist.]"])
    parts = prompt_parts(task, mode, BLANK.objects)
    return "".join(next(marks) if part["type"] == "image" else part["text"] or "" for part in parts)


def test_the_prompts_are_the_papers_word_for_word() -> None:
    opening = "Given the original image [Ref.] and the distorted image [Dist.]"
    assert shown("description", "nr") == DESCRIPTION_NR
    assert shown("description", "fr") == DESCRIPTION_NR.replace("Given the distorted image [Dist.]", opening)
    assert shown("grounding", "fr") == GROUNDING_FR
    assert shown("grounding", "nr") == GROUNDING_FR.replace(opening, "Given the distorted image [Dist.]")


def test_the_prompts_offer_every_label_the_solutions_use() -> None:
    text = shown("description", "fr")
    assert all(f"‘{label}’" in text for label in [*GROUPS.values(), *SEVERITIES])


def test_a_description_row() -> None:
    row = rft_row(BLANK, "description", "fr", IMAGES)
    assert row["rft_id"] == "0123456789abcdef-description-fr"
    assert row["solution"] == "red cup / overexposure / relatively obvious"
    assert [image["path"] for image in row["images"]] == ["s.jpg", "d.webp"]
    assert (row["distortion"], row["severity"], row["severity_label"]) == ("overexposure", 3, "relatively obvious")
    assert row["prompt_version"] == "description-fr.v1"


def test_a_grounding_row() -> None:
    row = rft_row(BLANK, "grounding", "nr", IMAGES)
    assert row["solution"] == "10,20,110,220"
    assert [image["path"] for image in row["images"]] == ["d.webp"]


@pytest.mark.parametrize("mode", ["fr", "nr"])
@pytest.mark.parametrize("task", ["description", "grounding"])
def test_there_are_as_many_image_parts_as_images(task: str, mode: str) -> None:
    row = rft_row(BLANK, task, mode, IMAGES)
    parts = [part for message in row["prompt"] for part in message["content"] if part["type"] == "image"]
    assert len(parts) == len(row["images"]) == (2 if mode == "fr" else 1)


def test_choices_are_quoted_as_the_paper_quotes_them() -> None:
    assert quoted(("a", "b")) == "‘a’ and ‘b’"
    assert quoted(("a", "b", "c")) == "‘a’, ‘b’, and ‘c’"


def test_a_share_of_the_four_is_drawn_for_training_and_all_four_for_the_test() -> None:
    train = [replace(BLANK, sample_id=f"{n}") for n in range(2000)]
    drawn = [kinds_of(s, 2.63, seed=1) for s in train]
    assert {len(kinds) for kinds in drawn} == {2, 3}
    # 2.63 on average: 2000 draws of 0 or 1 with p = 0.63 have a standard deviation of 0.011
    assert sum(map(len, drawn)) / 2000 == pytest.approx(2.63, abs=0.045)
    assert drawn == [kinds_of(s, 2.63, seed=1) for s in train]
    assert all(len(set(kinds)) == len(kinds) for kinds in drawn)
    assert kinds_of(replace(BLANK, split="test"), 1, seed=1) == list(KINDS)
    assert kinds_of(BLANK, 4, seed=1) == list(KINDS)


WHOLE = replace(BLANK, object="whole image", objects=(), box=(0, 0, 640, 480))


def test_without_objects_the_prompt_asks_two_questions_and_the_solution_has_two_parts() -> None:
    row = rft_row(WHOLE, "description", "fr", IMAGES)
    text = "".join(part["text"] or "" for part in row["prompt"][0]["content"])
    assert "following two questions" in text and "object" not in text and "‘overexposure’" in text
    assert (row["solution"], row["object"], row["objects"]) == ("overexposure / relatively obvious", "", [])
    assert row["prompt_version"] == "description-whole-fr.v1"
    assert sum(part["type"] == "image" for part in row["prompt"][0]["content"]) == 2


def test_without_objects_there_is_nothing_to_ground() -> None:
    both = [("description", "fr"), ("description", "nr")]
    assert kinds_of(replace(WHOLE, split="test"), 1.0, 0) == both == kinds_of(WHOLE, 4.0, 0)
    drawn = [kinds_of(replace(WHOLE, sample_id=f"{n:016x}"), 1.0, 0) for n in range(40)]
    assert {tuple(kinds) for kinds in drawn} == {(kind,) for kind in both}
