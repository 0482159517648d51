"""Development tools: what the commands in `script/` run."""
