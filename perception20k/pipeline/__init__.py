"""From photos and videos to a dataset: the chain of stages, the build, rebuilding and verifying."""
