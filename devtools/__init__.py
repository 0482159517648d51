"""Broker, bridge, Home Assistant and browser, started for real: for the demonstration, the tests,
the benchmarks.
"""
