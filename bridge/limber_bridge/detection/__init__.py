"""The pure heart: signals in, events out.

Nothing here reads a clock, opens a file, awaits or logs. Time comes with the samples, in whole
microseconds, so that a night replayed from a file and the same night live give the same events,
however the signal was cut into blocks.
"""
