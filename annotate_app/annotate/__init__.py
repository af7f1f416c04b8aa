"""Objects and boxes drawn by hand: which photos, by whom, the rules, the log, and the annotation file they become."""
