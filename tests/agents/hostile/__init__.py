"""An app whose tools block, die, and answer with too much."""
