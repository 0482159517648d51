"""Home Assistant finds custom integrations in a package of this name."""
