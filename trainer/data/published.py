"""The published MOS datasets, read from their own files, wherever those lie below a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from perception20k.core.errors import UserError
from trainer.data.mos import MosTable, Rating, make_table
from trainer.data.table_files import csv_rows, matrix, number, sheet_rows


def koniq_10k(root: Path) -> MosTable:
    """KonIQ-10k. The file with the official sets rates on 1..100, the other on 1..5."""
    path = _find(root, "koniq10k_distributions_sets.csv", "koniq10k_scores_and_distributions.csv")
    official = path.name == "koniq10k_distributions_sets.csv"
    rows = csv_rows(path, "image_name", "MOS", *(["set"] if official else []))
    ratings = [Rating(where, row["image_name"], row["MOS"], row.get("set", "")) for where, row in rows]
    return make_table("koniq-10k", ratings, 1, 100 if official else 5, path, _folders(root, "1024x768", "512x384"))


def spaq(root: Path) -> MosTable:
    """SPAQ, rated on 0..100."""
    path = _find(root, "MOS and Image attribute scores.xlsx")
    rows = sheet_rows(path, None, "Image name", "MOS")
    ratings = [Rating(where, str(row["Image name"]), row["MOS"]) for where, row in rows]
    return make_table("spaq", ratings, 0, 100, path, _folders(root, "TestImage"))


def live_c(root: Path) -> MosTable:
    """LIVE In the Wild Challenge, rated on 0..100, without the seven images that trained the raters."""
    path = _find(root, "AllMOS_release.mat")
    names = matrix(_find(root, "AllImages_release.mat"), "AllImages_release").ravel()
    scores = matrix(path, "AllMOS_release").ravel()
    if len(names) != len(scores):
        raise UserError(f"{path}: {len(scores)} scores for {len(names)} images")
    rows = list(enumerate(zip(names, scores, strict=True), start=1))[7:]
    ratings = [Rating(f"row {line}", str(name.item()), score) for line, (name, score) in rows]
    return make_table("live-c", ratings, 0, 100, path, _folders(root, "Images"))


def agiqa_3k(root: Path) -> MosTable:
    """AGIQA-3K, perceptual quality, rated on 0..5. Images of one prompt are one content."""
    path = _find(root, "data.csv")
    rows = csv_rows(path, "name", "mos_quality")
    ratings = [Rating(where, row["name"], row["mos_quality"], content=row.get("prompt", "")) for where, row in rows]
    return make_table("agiqa-3k", ratings, 0, 5, path, _folders(root, "images", "AGIQA-3K"))


def kadid_10k(root: Path) -> MosTable:
    """KADID-10k, rated on 1..5; its column is called DMOS, but 5 is the best."""
    path = _find(root, "dmos.csv")
    rows = csv_rows(path, "dist_img", "ref_img", "dmos")
    ratings = [Rating(where, row["dist_img"], row["dmos"], content=row["ref_img"]) for where, row in rows]
    return make_table("kadid-10k", ratings, 1, 5, path, _folders(root, "images", "distorted_images"))


_CSIQ = {
    "noise": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg 2000": "jpeg2000",
}
"""A kind of distortion as its images are named; their folder is called so too, in small letters."""


def csiq(root: Path) -> MosTable:
    """CSIQ. Its DMOS runs from 0 (the best) to 1; the table holds 1 - DMOS."""
    path = _find(root, "csiq.DMOS.xlsx")
    ratings = []
    for where, row in sheet_rows(path, "all_by_image", "image", "dst_type", "dst_lev", "dmos"):
        at, kind, content = f"{path}: {where}", str(row["dst_type"]).strip(), str(row["image"])
        if kind not in _CSIQ:
            raise UserError(f"{at}: unknown dst_type '{kind}'", f"Known: {', '.join(_CSIQ)}")
        level = number(row["dst_lev"], at, "level")
        name = f"{_CSIQ[kind].lower()}/{content}.{_CSIQ[kind]}.{level:.0f}.png"
        ratings.append(Rating(where, name, 1 - number(row["dmos"], at), content=content))
    return make_table("csiq", ratings, 0, 1, path, _folders(root, "dst_imgs"))


def bid(root: Path) -> MosTable:
    """BID, rated on 0..5."""
    path = _find(root, "DatabaseGrades.xlsx")
    ratings = []
    for where, row in sheet_rows(path, None, "Image Number", "Average Subjective Grade"):
        image = number(row["Image Number"], f"{path}: {where}", "image number")
        ratings.append(Rating(where, f"DatabaseImage{image:04.0f}.JPG", row["Average Subjective Grade"]))
    return make_table("bid", ratings, 0, 5, path, _folders(root, "ImageDatabase"))


def cid2013(root: Path) -> MosTable:
    """CID2013, rated on 0..100 and aligned over its six image sets. Photos of one set and cluster are one content."""
    path = _find(root, "CID2013 data*.xlsx")
    ratings = []
    for where, row in sheet_rows(path, "CID2013 MOS", "Source_ID", "Realigned MOS"):
        name = str(row["Source_ID"])  # IS_I_C01_D01: set, cluster, device
        ratings.append(Rating(where, f"{name}.jpg", row["Realigned MOS"], content=name.rpartition("_")[0]))
    return make_table("cid2013", ratings, 0, 100, path, sorted({image.parent for image in root.rglob("*.jpg")}))


def pipal(root: Path) -> MosTable:
    """PIPAL, rated by Elo, which has no ends: its scale is that of the scores. A reference is a content."""
    path = _find(root, "Train_Label")
    ratings = []
    for file in [*sorted(path.glob("*.txt")), *sorted(root.rglob("val_label.txt"))]:
        for where, row in csv_rows(file, names=("image", "score")):
            name = row["image"].strip()  # A0001_03_07.bmp: reference, kind of distortion, variant
            score = number(row["score"], f"{file}: {where}")
            ratings.append(Rating(f"{file.name}: {where}", name, score, content=name.partition("_")[0]))
    scores = [rating.score for rating in ratings] or [0.0]
    folders = _folders(root, "Train_Dist", "Val_Dist", "Distortion_1", "Distortion_2", "Distortion_3", "Distortion_4")
    return make_table("pipal", ratings, min(scores), max(scores), path, folders)


def tid2013(root: Path) -> MosTable:
    """TID2013, rated on 0..9. Its list and its files differ in capitals."""
    path, folders = _find(root, "mos_with_names.txt"), _folders(root, "distorted_images")
    files = {file.name.lower(): file.name for folder in reversed(folders) for file in folder.glob("*.*")}
    ratings = []
    for where, row in csv_rows(path, names=("score", "image"), separator=" "):
        name = row["image"].strip().lower()  # i01_01_1.bmp: reference, kind of distortion, level
        ratings.append(Rating(where, files.get(name, name), row["score"], content=name.partition("_")[0].upper()))
    return make_table("tid2013", ratings, 0, 9, path, folders)


PUBLISHED: dict[str, Callable[[Path], MosTable]] = {
    "koniq-10k": koniq_10k,
    "spaq": spaq,
    "live-c": live_c,
    "agiqa-3k": agiqa_3k,
    "kadid-10k": kadid_10k,
    "csiq": csiq,
    "bid": bid,
    "cid2013": cid2013,
    "pipal": pipal,
    "tid2013": tid2013,
}
"""The readers, by the name used on the command line; each takes the folder that the dataset is below."""


def _find(root: Path, *names: str) -> Path:
    for name in names:
        found = sorted(root.rglob(name))
        if found:
            return found[0]
    raise UserError(f"{root}: no {' or '.join(names)} below it", "Give the folder of the published dataset")


def _folders(root: Path, *names: str) -> list[Path]:
    """Where images may lie: folders of these names anywhere below ``root``, then ``root`` itself."""
    return [folder for name in names for folder in sorted(root.rglob(name)) if folder.is_dir()] + [root]
