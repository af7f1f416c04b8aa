import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perception20k.core import extras
from perception20k.core.errors import ItemError, TransientError, UserError
from perception20k.core.files import sha256
from perception20k.dataset.layout import image_file
from perception20k.dataset.quarantine import Reason
from perception20k.imaging import images
from perception20k.pipeline.stages.discover import SourceFile, discover
from perception20k.pipeline.stages.sources import Ingest, candidates_of, check_decoders, duplicates, load_source

pytestmark = pytest.mark.slow


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    raw = os.fsdecode(b"\xff\xc3\xa9.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / raw)
    [file] = discover((str(tmp_path),))
    assert file.name == "\\xffé.png"
    [record] = Ingest(3).process_one(file)
    assert record["origin"] == "\\xffé.png"
    assert len(Ingest(3).key(file)) == 64


def test_a_photo_keeps_its_bytes_and_gets_its_identity(photos: Path) -> None:
    file = SourceFile(photos / "tulips.png", "tulips.png")
    [candidate] = candidates_of(file, Ingest(3).process_one(file))
    data, pixels = load_source(candidate)
    assert data == file.path.read_bytes()
    assert sha256(data) == candidate.source.file_sha256
    assert candidate.source.image_id == images.image_id(pixels)
    assert (candidate.source.height, candidate.source.width) == pixels.shape[:2]
    assert candidate.source.file == image_file("source", candidate.source.image_id, ".png")


def test_a_photo_that_readers_see_differently_is_kept_as_its_pixels(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.linear_gradient("L").resize((30, 20)).convert("RGB").save(tmp_path / "a.jpg", exif=turned)
    file = SourceFile(tmp_path / "a.jpg", "a.jpg")
    [candidate] = candidates_of(file, Ingest(3).process_one(file))
    data, pixels = load_source(candidate)
    assert (candidate.source.width, candidate.source.height) == (20, 30)
    assert candidate.source.file.endswith(".webp")
    assert sha256(data) == candidate.source.file_sha256
    with Image.open(io.BytesIO(data)) as kept:
        assert np.array_equal(np.asarray(kept.convert("RGB")), pixels)


def test_the_suffix_tells_what_the_bytes_are(tmp_path: Path, photos: Path) -> None:
    lying = tmp_path / "lying.jpg"
    lying.write_bytes((photos / "tulips.png").read_bytes())
    [record] = Ingest(3).process_one(SourceFile(lying, "lying.jpg"))
    assert record["file"].endswith(".png")


def test_a_format_that_not_everyone_reads_is_kept_as_its_pixels(tmp_path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.jp2")
    (tmp_path / "a.jp2").rename(tmp_path / "a.jpg")
    [record] = Ingest(3).process_one(SourceFile(tmp_path / "a.jpg", "a.jpg"))
    assert record["file"].endswith(".webp")


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("b/clip.mp4", "decord", "video"), ("a.HEIC", "pillow_heif", "formats"), ("a.jxl", "pillow_jxl", "formats")],
)
def test_a_missing_decoder_is_told_before_anything_is_opened(
    name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [SourceFile(Path("/nowhere", file), file) for file in ("plain.jpg", name)]
    check_decoders(files)
    monkeypatch.setattr(extras, "installed", lambda *names: package not in names)
    with pytest.raises(UserError, match=rf"^{name}, .* needs .*pip install 'perception20k\[{extra}\]'"):
        check_decoders(files)


def test_keyframes_of_a_video_are_sources(photos: Path) -> None:
    file = SourceFile(photos / "dog_indoors.mp4", "dog_indoors.mp4")
    candidates = candidates_of(file, Ingest(2).process_one(file))
    assert [c.source.origin for c in candidates] == ["dog_indoors.mp4#frame=10", "dog_indoors.mp4#frame=30"]
    data, pixels = load_source(candidates[1])
    assert images.image_id(pixels) == candidates[1].source.image_id
    assert images.image_id(images.decode(data)) == candidates[1].source.image_id


@pytest.mark.slow
def test_frames_that_look_alike_are_kept_once(tmp_path: Path, photos: Path) -> None:
    # 45 frames of one second and a half: of 8 spread over them, several show the same view
    file = SourceFile(photos / "dog_indoors.mp4", "dog_indoors.mp4")
    records = Ingest(8).process_one(file)
    dropped = [record for record in records if "dropped" in record]
    kept = candidates_of(file, records)
    assert len(kept) + len(dropped) == 8 and kept and dropped
    first = kept[0].source
    assert dropped[0] == {"origin": "dog_indoors.mp4#frame=7", "dropped": f"looks like frame {first.frame}"}


@pytest.mark.parametrize("content", [b"", b"not an image", b"\xff\xd8\xff\xe0 damaged"])
def test_what_cannot_be_decoded_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(ItemError):
        Ingest(3).process_one(SourceFile(tmp_path / "a.jpg", "a.jpg"))


def test_a_file_that_changed_after_it_was_identified_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    file = SourceFile(tmp_path / "a.png", "a.png")
    [candidate] = candidates_of(file, Ingest(3).process_one(file))
    key = Ingest(3).key(file)
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", ns=(1, 1))
    assert Ingest(3).key(file) != key
    with pytest.raises(TransientError, match="changed"):
        load_source(candidate)
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:40])
    with pytest.raises(TransientError, match="not an image"):
        load_source(candidate)
    (tmp_path / "a.png").unlink()
    with pytest.raises(TransientError, match="gone"):  # of a disk that may come back
        load_source(candidate)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a\0b.png\n")
    [file] = discover((str(tmp_path / "list.txt"),))
    assert Ingest(3).key(file)
    with pytest.raises(ItemError, match="not a valid file name"):
        Ingest(3).process_one(file)


def test_the_same_pixels_are_kept_once(tmp_path: Path) -> None:
    found = []
    for name in ("a.png", "b.bmp", "c.png"):
        Image.new("RGB", (8, 8), "red" if name != "c.png" else "blue").save(tmp_path / name)
        file = SourceFile(tmp_path / name, name)
        found += candidates_of(file, Ingest(3).process_one(file))
    reasons = {candidate.source.origin: reason for candidate, reason in duplicates(found)}
    assert reasons == {"a.png": None, "b.bmp": Reason("duplicate", "the same pixels as a.png"), "c.png": None}


def test_a_large_photo_is_scaled_down_before_anything_else(tmp_path: Path, photos: Path) -> None:
    file = SourceFile(photos / "tulips.png", "tulips.png")
    whole = images.decode(file.path.read_bytes())
    [candidate] = candidates_of(file, Ingest(3, max_side=100).process_one(file))
    source = candidate.source
    assert (source.original_height, source.original_width) == whole.shape[:2]
    assert max(source.width, source.height) == 100
    data, pixels = load_source(candidate)
    assert pixels.shape == (source.height, source.width, 3) and images.image_id(pixels) == source.image_id
    assert sha256(data) == source.file_sha256
    assert np.array_equal(images.decode(data), pixels)


@pytest.mark.parametrize(
    "name", ["tulips.png", "salon.png", "dog_indoors.mp4"]
)  # one scaled, one of odd colours, one a video
def test_what_is_not_kept_as_its_own_bytes_is_encoded_in_the_format_asked_for(photos: Path, name: str) -> None:
    file, limit = SourceFile(photos / name, name), 100 if name == "tulips.png" else None
    found = [candidates_of(file, Ingest(1, limit, image_format=kind).process_one(file))[0] for kind in ("webp", "png")]
    assert [c.source.file.rpartition(".")[2] for c in found] == ["webp", "png"]
    assert found[0].source.image_id == found[1].source.image_id
    for candidate in found:
        data, _ = load_source(candidate)
        assert sha256(data) == candidate.source.file_sha256
    assert Ingest(1).key(file) != Ingest(1, image_format="png").key(file)


def test_a_keyframe_is_scaled_down_too(photos: Path) -> None:
    file = SourceFile(photos / "dog_indoors.mp4", "dog_indoors.mp4")
    [candidate] = candidates_of(file, Ingest(1, max_side=64).process_one(file))
    _, pixels = load_source(candidate)
    assert max(pixels.shape) == 64
    assert max(candidate.source.original_width or 0, candidate.source.original_height or 0) > 64
