"""How wide text is on a terminal, where it folds, and how it is cut short."""
