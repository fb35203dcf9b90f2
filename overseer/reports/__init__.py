"""A run put into lines and documents: while it runs, when it has ended, and when it is looked at again."""
