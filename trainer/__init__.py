"""Reinforcement fine-tuning of vision-language models on exported shards and MOS tables.

Recipes of Refine-IQA (both stages), Q-Insight and VisualQuality-R1 on TRL's GRPO. Reads the dataset on disk;
knows nothing of the pipeline's stages. Run it with ``perception20k train``; ``docs/training.md`` tells how.
"""
