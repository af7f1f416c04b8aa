from perception20k.core.errors import ItemError, TransientError, UserError


def test_an_error_for_people_is_what_is_wrong_and_what_to_do_in_one_line() -> None:
    error = UserError("my.yaml: seed must be 0 or more", "Change it", code=2)
    assert (str(error), error.code) == ("my.yaml: seed must be 0 or more. Change it", 2)
    assert (str(UserError("the disk is full")), UserError("x").code) == ("the disk is full", 1)


def test_what_may_pass_is_an_error_of_the_item_and_not_of_the_run() -> None:
    assert issubclass(TransientError, ItemError)
    assert not issubclass(ItemError, UserError)
