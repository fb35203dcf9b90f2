"""What `overseer doctor` looks at: one module for each part, which gives a finding and changes nothing."""

# In the order in which they are told.
PARTS = ("terminal", "settings", "data-folder", "model", "tools", "sandbox", "journal", "extras")
