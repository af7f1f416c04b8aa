import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from perception20k.core.errors import ItemError
from perception20k.imaging.video import frame_indexes, keyframes, read_frame
from perception20k.storage.places import Member

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    # the middle of each of k equal parts of n frames: floor((k + 0.5) n / parts)
    [(45, 3, [7, 22, 37]), (41, 3, [6, 20, 34]), (2, 3, [0, 1]), (1, 1, [0]), (0, 3, [])],
)
def test_indexes_are_the_middles_of_equal_parts(count: int, most: int, expected: list[int]) -> None:
    assert frame_indexes(count, most) == expected


@pytest.mark.slow
def test_keyframes_of_a_real_video(photos: Path) -> None:
    frames = list(keyframes(photos / "dog_indoors.mp4", 3))
    assert [f.index for f in frames] == [6, 20, 34]
    assert all(f.pixels.shape == (1080, 1920, 3) for f in frames)
    seconds = [f.seconds for f in frames]
    assert seconds == sorted(seconds) and 0 < seconds[0] < seconds[-1] < 1.6
    # taken by index alone, a frame has the same pixels
    assert np.array_equal(read_frame(photos / "dog_indoors.mp4", 20), frames[1].pixels)


def _numbered(path: Path, codec: str, count: int = 60) -> Path:
    """A video at 25 frames a second whose frames carry their number: bright bars are its bits."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (128, 96))
    for number in range(count):
        frame = np.full((96, 128, 3), 40, np.uint8)
        for bit in range(8):
            frame[16:80, 16 * bit : 16 * bit + 16] += 180 * (number >> bit & 1)
        writer.write(frame)
    writer.release()
    return path


def _number(pixels: np.ndarray) -> int:
    return sum(int(pixels[30:66, 16 * bit + 4 : 16 * bit + 12].mean() > 130) << bit for bit in range(8))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("frames_refer_to_later_ones.avi", "MPEG"),  # MPEG-1 with B-frames, which an AVI gives no times
        ("all_marked_as_key_frames.avi", "H263"),
        ("xvid.avi", "XVID"),
        ("intra_only.avi", "MJPG"),
        ("b_frames_with_times.mkv", "MPG1"),
        ("plain.mp4", "mp4v"),
    ],
)
def test_a_frame_is_the_one_its_number_says_and_has_its_time(tmp_path: Path, name: str, codec: str) -> None:
    video = _numbered(tmp_path / name, codec)
    # the middles of four equal parts of 60 frames, at 25 a second
    frames = list(keyframes(video, 4))
    assert [(f.index, _number(f.pixels), f.seconds) for f in frames] == [
        (7, 7, 0.28), (22, 22, 0.88), (37, 37, 1.48), (52, 52, 2.08),
    ]  # fmt: skip
    assert [_number(read_frame(video, index)) for index in (3, 30, 59)] == [3, 30, 59]


def test_a_frame_after_the_last_of_an_avi_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="frame 8 cannot be decoded"):
        read_frame(_numbered(tmp_path / "short.avi", "MPEG", 8), 8)


def test_what_is_no_video_is_refused_with_decords_reason(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"not a video" * 100)
    with pytest.raises(ItemError, match="decord cannot open the video"):
        list(keyframes(tmp_path / "a.mp4", 3))


def test_a_frame_that_is_not_there_is_refused(photos: Path) -> None:
    with pytest.raises(ItemError, match="frame 4000 cannot be decoded"):
        read_frame(photos / "dog_indoors.mp4", 4000)


def test_decord_brings_no_library_that_would_break_torch(photos: Path) -> None:
    # in a process of its own: what is loaded stays loaded
    script = (
        "from pathlib import Path; from perception20k.imaging.video import read_frame;"
        f"read_frame(Path({str(photos / 'dog_indoors.mp4')!r}), 3);"
        "assert 'nvblas' not in Path('/proc/self/maps').read_text(); import nvidia"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_not_utf_8_is_no_hindrance(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("h\xe9.mp4".encode("latin-1"))
    path.symlink_to(photos / "dog_indoors.mp4")
    assert np.array_equal(read_frame(path, 6), read_frame(photos / "dog_indoors.mp4", 6))


@pytest.mark.parametrize("where", ["file", "tar"])
def test_a_truncated_video_is_refused_however_much_of_it_could_be_decoded(
    photos: Path, tmp_path: Path, where: str
) -> None:
    data = (photos / "dog_indoors.mp4").read_bytes()
    path = tmp_path / ("cut.mp4" if where == "file" else "cut.tar")
    path.write_bytes(data[: len(data) // 3] if where == "file" else b"x" * 512 + data[: len(data) // 3] + data)
    place = path if where == "file" else Member(path, "cut.mp4", 512, len(data) // 3)
    with pytest.raises(ItemError, match="truncated"):
        list(keyframes(place, 3))
