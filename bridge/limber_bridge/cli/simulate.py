"""`limber simulate`."""

import argparse
from pathlib import Path

from limber_bridge.cli.argument_types import device_name, disturbance_name, whole_number
from limber_bridge.cli.exit_status import DONE, USAGE_ERROR, report_error, warn
from limber_bridge.cli.parser import Commands


def add_parsers(commands: Commands) -> None:
    """Add `limber simulate`."""
    simulate_parser = commands.add_parser(
        "simulate", help="write a synthetic night and its ground truth"
    )
    simulate_parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="NIGHT",
        help="NIGHT.csv, NIGHT.csv.gz or NIGHT.edf; the truth goes to NIGHT.truth.json",
    )
    simulate_parser.add_argument(
        "--hours",
        type=float,
        default=8.0,
        metavar="H",
        help="length of the night (default: %(default)s)",
    )
    simulate_parser.add_argument(
        "--seed",
        type=whole_number,
        default=1,
        metavar="N",
        help="the same seed writes the same bytes (default: %(default)s)",
    )
    simulate_parser.add_argument(
        "--plm-index",
        type=float,
        default=25.0,
        metavar="N",
        help="periodic leg movements per hour (default: %(default)s)",
    )
    simulate_parser.add_argument(
        "--cramps", type=int, default=1, metavar="N", help="number of cramps (default: %(default)s)"
    )
    simulate_parser.add_argument(
        "--sensor",
        choices=("ankle", "bed", "emg", "load"),
        default="ankle",
        help="kind of sensor; emg is the tibialis anterior (default: %(default)s)",
    )
    simulate_parser.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="sampling rate in Hz (default: 50; with EMG 250)",
    )
    simulate_parser.add_argument(
        "--legs",
        choices=("left", "right", "both"),
        default="left",
        help="legs that wear a sensor (default: %(default)s)",
    )
    simulate_parser.add_argument(
        "--calf",
        action="store_true",
        help="add EMG of the calf, which is needed to detect probable cramps",
    )
    simulate_parser.add_argument(
        "--with",
        dest="disturbances",
        type=disturbance_name,
        action="append",
        default=[],
        metavar="NAME",
        help="add a disturbance; may be repeated: apnoea, close-partner, coupling, ecg, "
        "faint, gaps, hum, jitter, large, loose-strap, partner, pops, restless, rhythms, toilet, "
        "tonic, twitching; or a group: look-alikes (of cramps), everything",
    )
    simulate_parser.add_argument(
        "--device",
        type=device_name,
        metavar="NAME",
        help="for acceleration: common, low-noise, mpu6050; for EMG: laboratory, amplifier",
    )
    simulate_parser.add_argument(
        "--quiet", action="store_true", help="do not list the written files"
    )
    simulate_parser.set_defaults(function=simulate)


def simulate(args: argparse.Namespace) -> int:
    """Write a synthetic night and its ground truth."""
    from limber_bridge.detection.signal import Side
    from limber_bridge.offline.simulate import SimulateOptions, SimulationError, simulate_night
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance
    from limber_bridge.simulation.plan import NightSpec

    named = frozenset(Disturbance(name) for name in args.disturbances if name not in GROUPS)
    disturbances = named.union(*(GROUPS[name] for name in args.disturbances if name in GROUPS))
    try:
        spec = NightSpec(
            hours=args.hours,
            plm_index=args.plm_index,
            cramps=args.cramps,
            legs=tuple(Side) if args.legs == "both" else (Side(args.legs),),
            disturbances=disturbances,
            # Electrodes are applied and removed in bed.
            walking=0.0 if args.sensor == "emg" else 2.0,
        )
        options = SimulateOptions(
            out=args.out,
            spec=spec,
            seed=args.seed,
            sensor=args.sensor,
            rate=args.rate,
            calf=args.calf,
            device=args.device,
            named_disturbances=named,
        )
        truth = simulate_night(options)
    except (SimulationError, ValueError) as error:
        return report_error(f"limber simulate: {error}", USAGE_ERROR)
    if not args.quiet:
        warn(f"wrote {args.out} and {truth}")
    return DONE
