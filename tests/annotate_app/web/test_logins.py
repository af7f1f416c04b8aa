from __future__ import annotations

from pathlib import Path

import pytest

from annotate_app.web.logins import AUTH_VARIABLE, Guesses, read_auth
from perception20k.core.errors import UserError


def private(file: Path) -> Path:
    """An empty file that nobody else can read."""
    file.touch(0o600)
    return file


def test_users_come_from_a_file_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = private(tmp_path / "users")
    file.write_text("# the laboratory\nann:pass:word\n\nbob:x\n")
    assert read_auth(file) == {"ann": "pass:word", "bob": "x"}
    monkeypatch.delenv(AUTH_VARIABLE, raising=False)
    assert read_auth(None) == {}
    monkeypatch.setenv(AUTH_VARIABLE, "cem:y")
    assert read_auth(None) == {"cem": "y"}
    assert read_auth(file).keys() == {"ann", "bob"}


def test_a_file_of_users_may_come_from_a_windows_editor(tmp_path: Path) -> None:
    file = private(tmp_path / "users")
    file.write_bytes("ann:pass\r\nzoë:word\r\n".encode("utf-8-sig"))
    assert read_auth(file) == {"ann": "pass", "zoë": "word"}
    file.write_bytes("zoë:word".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_auth(file)


def test_a_wrong_line_is_told_without_its_password(tmp_path: Path) -> None:
    file = private(tmp_path / "users")
    file.write_text("ann:secret\n:hidden\n")
    with pytest.raises(UserError, match="line 2 is not user:password") as error:
        read_auth(file)
    assert "hidden" not in str(error.value)
    file.write_text("# nobody\n")
    with pytest.raises(UserError, match="lists no user"):
        read_auth(file)


def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ann:secret")
    file.chmod(0o644)
    with pytest.raises(
        UserError, match=f"everybody on this computer can read the passwords. Protect it: chmod 600 {file}"
    ):
        read_auth(file)
    file.chmod(0o640)
    assert read_auth(file) == {"ann": "secret"}


def test_names_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    file = private(tmp_path / "users")
    file.write_text("ann:one\nStraße:two\nANN:three\n")
    with pytest.raises(UserError, match="line 3 has a name that is there already"):
        read_auth(file)


def test_each_wrong_password_after_the_tenth_waits_twice_as_long_and_a_right_one_ends_it() -> None:
    now = 100.0
    guesses = Guesses(lambda: now)
    waits = []
    for _ in range(18):
        guesses.note(("1.2.3.4", "ann"), right=False)
        waits.append(guesses.wait(("1.2.3.4", "ann")))
        now += waits[-1]
    assert waits == [0] * 9 + [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert guesses.wait(("1.2.3.4", "bob")) == guesses.wait(("5.6.7.8", "ann")) == 0
    guesses.note(("1.2.3.4", "ann"), right=True)
    guesses.note(("1.2.3.4", "ann"), right=False)
    assert guesses.wait(("1.2.3.4", "ann")) == 0
