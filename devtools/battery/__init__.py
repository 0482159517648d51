"""Synthetic nights from an independent generator, and how well the detector does on them.

The nights are computed from mechanics (limbs that rotate under gravity, with a sensor on the shank)
and from published figures, without any code or assumption of `limber_bridge.simulation` or
`devtools.synthetic_nights`. `python -m devtools.battery` prints one row for each figure.

Seeds 1 to 99 are for development. Seeds from 1000 on are held out: the rules of the detection must
not be fitted to them. `docs/accuracy.md` shows figures of held-out seeds.
"""
