"""Drawings of a plan and of a run: text for a terminal, Mermaid, SVG, and a page to be kept."""
