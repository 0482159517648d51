"""Detect leg movements, cramps, sleep and time in bed in the signals of one sleeper.

Samples in, events out. Nothing here reads a clock, opens a file, awaits or logs. Time comes with
the samples, in whole microseconds, so a recorded night gives the same events as the same night
live, however the signal is split into blocks.
"""
