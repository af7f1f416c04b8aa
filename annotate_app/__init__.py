"""The human review of a dataset: a page to judge samples by keyboard, and the log of what was decided.

Run it with ``perception20k review DATASET``. The protocol (Refine-IQA, "Subjective Experiment
Supplementary") is enforced here, in the server; the page under ``web/static/`` is fast and keeps what it
could not send yet. The app uses the dataset's records, its layout and its log of decisions, and no models.
"""
