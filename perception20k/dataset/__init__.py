"""The dataset on disk: its layout, records, shards, decisions, quarantine and manifest."""
