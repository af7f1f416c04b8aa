"""Read a dataset's shards as a trainer does, and score an answer by hand.

python examples/read_shards.py DATASET
"""

import sys
from pathlib import Path

from datasets import load_dataset


def main(dataset: Path) -> None:
    """Print one row of each task and mode."""
    files = {part: str(dataset / "shards" / f"{part}-*.parquet") for part in ("train", "test")}
    rows = load_dataset("parquet", data_files=files, split="test", streaming=True)

    shown = set()
    for row in rows:
        if (row["task"], row["mode"]) in shown:
            continue
        shown.add((row["task"], row["mode"]))
        text = "".join(part["text"] or "<image>" for part in row["prompt"][0]["content"])
        print(f"[{row['task']}, {row['mode']}] {len(row['images'])} image(s), {row['width']}x{row['height']}")
        print(f"  prompt    {text[:100]}...")
        print(f"  solution  {row['solution']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
