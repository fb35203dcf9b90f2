"""What `overseer doctor` looks at: one module for each part, which gives a finding and changes nothing."""
