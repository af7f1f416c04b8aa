"""Evaluation: the papers' tables for any vision-language model, from one command.

A **suite** is a list of questions with known answers (:mod:`trainer.evaluation.suites`); a **predictor** answers
them (a local model, a server, a scripted one, a classical metric); the answers are kept verbatim in
``predictions.parquet``; every table, picture and comparison is worked out from that file alone.

Run it with ``perception20k evaluate`` and ``perception20k compare``; ``docs/evaluation.md`` tells how.
"""
