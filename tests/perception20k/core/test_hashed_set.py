from perception20k.core.hashed_set import HashedSet


def test_it_holds_what_was_put_in_and_nothing_else() -> None:
    names = [f"images/distorted/{number:016x}.webp" for number in range(1000)]
    held = HashedSet(iter([*names, *names]))
    assert len(held) == 1000
    assert all(name in held for name in names)
    assert "images/distorted/me.webp" not in held


def test_an_empty_one_holds_nothing() -> None:
    assert len(HashedSet([])) == 0 and "" not in HashedSet([])
