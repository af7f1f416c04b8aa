"""Training: recipes, rewards, and the GRPO trainer on TRL."""
