"""The chat: what is said, planned, reviewed and run between a person and Overseer."""
