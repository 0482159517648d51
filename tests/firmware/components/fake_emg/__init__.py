"""A simulated EMG amplifier at an analog input."""
