"""Simulated nights: a plan of what the legs do, the signals that sensors record of it, and the truth.

The same seed gives the same plan and the same samples, whatever part of a night is computed.
"""
