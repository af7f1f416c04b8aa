"""What a dataset is published as: split, shards, statistics, figures, card, Croissant."""
