"""The bridge as a service of systemd: `limber service`.

`limber.service` in this package is the only unit; the others are made from it.
"""
