"""Nights, settings and recordings: the types that storage, sources and outputs share. Pure."""
