"""What the commands do with recorded nights and with the journal."""
