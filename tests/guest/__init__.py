"""Tests on the real Bluetooth stack of Linux, in a virtual machine, with emulated peripherals."""
