"""Where settings come from and what they may be: keys, checks, and the layers that are laid over each other.

What the program works with in the end is `overseer.settings.config.Settings`.
"""
