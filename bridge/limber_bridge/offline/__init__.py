"""What the commands do that need no running bridge: score, rescore, simulate, export, plot."""
