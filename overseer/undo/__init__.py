"""Undo and redo of what runs wrote in the workspace: kept before each change, put back when asked for."""
