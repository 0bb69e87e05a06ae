"""What people decided: the casebook and its audit chain."""
