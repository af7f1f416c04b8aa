"""Models that others made, each behind one module: describers, detectors, quality metrics."""
