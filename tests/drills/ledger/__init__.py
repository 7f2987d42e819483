"""Tools whose every execution leaves a line in a file the product never reads: what was really done, and how often."""
