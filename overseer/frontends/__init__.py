"""From what a person wrote to a plan: whatever the way, a draft comes out, and it is the same plan format."""
