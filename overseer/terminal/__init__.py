"""What a person sees of a run at a terminal while it goes on.

`screen` decides what the terminal can do, `style` and `width` turn text into lines that fit, `board` keeps what is
to be shown of a run, `region` works out what to send, `tty` sends it, and `live` puts them together. Pipes and plain
terminals get the lines of `overseer.reports.render` instead.
"""
