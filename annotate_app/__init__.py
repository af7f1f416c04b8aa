"""The human review of a dataset: a page to judge samples by keyboard, and the record that it leaves.

Run it with ``perception20k review DATASET``. The protocol (Refine-IQA, "Subjective Experiment
Supplementary") is enforced here, in the server; the page under ``static/`` is fast and keeps what it could
not send yet. It knows the dataset's records, its layout and its log of decisions, and nothing of models.
"""
