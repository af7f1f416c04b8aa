"""Who is credited for a photo: the table, then the photo itself, then what is said of all."""

from dataclasses import replace
from pathlib import Path

import pytest

from perception20k.config import Credits
from perception20k.core.errors import UserError
from perception20k.dataset.records import Source
from perception20k.pipeline.stages.credit import CreditTable

PHOTO = Source("0" * 16, "f", "d", 640, 480, "a/x.jpg")


def table(folder: Path, text: str) -> str:
    (folder / "credits.csv").write_text(text)
    return str(folder / "credits.csv")


def credited(credits: Credits, source: Source = PHOTO) -> tuple[str, str]:
    found = CreditTable(credits, ["a/x.jpg", "b/x.jpg", "clip.mp4#frame=3"]).credited(source)
    return found.licence, found.author


def test_the_table_comes_before_the_photo_and_the_photo_before_what_is_said_of_all(tmp_path: Path) -> None:
    of_all = Credits("CC0", "the lab")
    assert credited(Credits()) == ("", "")
    assert credited(of_all) == ("CC0", "the lab")
    own = replace(PHOTO, licence="CC BY 4.0")
    assert credited(of_all, own) == ("CC BY 4.0", "the lab")
    named = replace(of_all, table=table(tmp_path, "file,licence,author\na/x.jpg,CC BY-SA 4.0,\n"))
    assert credited(named, replace(own, author="Jane")) == ("CC BY-SA 4.0", "Jane")


def test_one_column_is_enough_and_a_video_stands_for_its_frames(tmp_path: Path) -> None:
    credits = Credits(table=table(tmp_path, "file,author,mos\nclip.mp4,Joe,3\n"))
    assert credited(credits, replace(PHOTO, origin="clip.mp4#frame=3")) == ("", "Joe")


def test_a_name_that_could_mean_two_photos_credits_neither(tmp_path: Path) -> None:
    assert credited(Credits(table=table(tmp_path, "file,author\nx.jpg,Joe\n"))) == ("", "")


def test_a_credit_is_one_short_line() -> None:
    licence, author = credited(Credits("a\nb", "x" * 300))
    assert (licence, len(author)) == ("a b", 200)


@pytest.mark.parametrize("text", ["file,mos\na,3\n", "name,licence\na,b\n", ""])
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"credits\.csv: (needs the columns 'file'|not a table of licences)"):
        credited(Credits(table=table(tmp_path, text)))
