from distortions.errors import DistortionError, unknown


def test_a_near_name_is_suggested_and_far_ones_are_listed() -> None:
    assert str(unknown("group", "blurr", ["blur", "noise"])) == "unknown group 'blurr'; did you mean 'blur'"
    assert str(unknown("group", "zzz", ["blur", "noise"])) == "unknown group 'zzz'; known: blur, noise"
    assert str(unknown("parameter", "q", [])) == "unknown parameter 'q'; known: none"
    assert isinstance(unknown("group", "q", []), DistortionError)
    assert issubclass(DistortionError, ValueError)
