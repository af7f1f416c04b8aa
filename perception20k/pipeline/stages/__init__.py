"""The pipeline's stages, one file each: sources, score, annotate, filters, draw, distort, split."""
