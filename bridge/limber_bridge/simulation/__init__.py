"""Nights that never were: a plan of what the legs do, the signals that sensors would show of it,
and the truth.

Law: the same seed gives the same plan and the same samples, whatever part of them is asked for.
"""
