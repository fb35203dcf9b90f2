"""What happened, kept: runs, their events and the sessions in one SQLite file."""
