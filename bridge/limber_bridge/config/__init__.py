"""`limber.yaml`: its model, its schemas and its loader.

`loader.load_config` reads a file; it collects every error before it gives up. Imports go one way:
loader, errors, schema, model.
"""
