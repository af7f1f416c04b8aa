from annotate_app.review.words import plain, question
from distortions import groups


def test_every_label_reads_as_a_question_of_its_own() -> None:
    labels = [*groups("refine-iqa").values(), *groups("kadid-10k").values()]
    asked = {label: "".join(question(label)) for label in labels}
    assert asked["desaturate"] == "is the image desaturated there"
    assert asked["high contrast"] == "is the contrast too high there"
    assert len(set(asked.values())) == len(asked)
    unnamed = [label for label, words in asked.items() if words == f"is {label} perceptible there"]
    assert unnamed == []


def test_a_label_that_nobody_foresaw_is_asked_for_as_it_is() -> None:
    assert question("ringing") == ("is ", "ringing", " perceptible there")


def test_marks_that_turn_a_line_around_are_left_out_and_letters_stay() -> None:
    assert plain("cat \u202etac\u202c \u2067x\u2069") == "cat tac x"
    assert plain("قطة") == "قطة"
