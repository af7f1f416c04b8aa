"""How work is done: a stage over items, resumable, in this process, in worker processes or on Ray."""
