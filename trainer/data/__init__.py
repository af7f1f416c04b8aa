"""What training and evaluation share: rows, MOS tables, prompts, answers, and boxes in the frame a model sees."""
