"""What a review came to: agreement, figures, the summary, the report and the tables."""
