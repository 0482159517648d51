"""Simulated nights: a plan of what happens, the signals that sensors record, and the truth.

The same seed gives the same plan and the same samples, whatever part of a night is computed.
"""
