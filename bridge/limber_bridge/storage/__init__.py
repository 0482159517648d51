"""The journal and the raw signal on disk."""
