"""What is made from the samples for others: split, shards, statistics, figures, card, Croissant."""
