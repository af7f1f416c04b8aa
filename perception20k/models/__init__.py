"""Third-party models, each behind one module: describers, detectors, quality metrics."""
