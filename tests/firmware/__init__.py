"""Tests of the firmware of sensors, on this machine."""
