"""`limber.yaml`: its schema and its loader."""
