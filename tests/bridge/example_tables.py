"""Tables as loggers, apps and spreadsheets write them, with the same three kicks in each."""

from zoneinfo import ZoneInfo

import numpy as np

from tests.bridge.tables import RATE, UNIX, clock, iso, samples, seconds, table

BERLIN = ZoneInfo("Europe/Berlin")
G = 9.80665
X = samples()
LINEAR = samples(gravity=False)
TIMES = seconds()
UNIX_TIMES = [f"{UNIX + index / RATE:.3f}" for index in range(X.shape[1])]
UNIX_NS = [str(round(UNIX * 1e9) + round(index * 1e9 / RATE)) for index in range(X.shape[1])]
HEADER = "time,x,y,z"
DAY = "2026-11-20"


def utc(ms: int) -> str:
    return f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}.{f:03}Z", ms)


def preamble(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


ACTIGRAPH = preamble(
    "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v3.2.1 "
    "date format M/d/yyyy at 50 Hz  Filter Normal -----------",
    "Serial Number: NEO1C15110103",
    "Start Time 22:00:00",
    "Start Date 11/20/2026",
    "Epoch Period (hh:mm:ss) 00:00:00",
    "Download Time 14:05:42",
    "Download Date 11/21/2026",
    "Current Memory Address: 0",
    "Current Battery Voltage: 3.80     Mode = 12",
    "--------------------------------------------------",
)
GENEACTIV = preamble(
    "Device Type,GENEActiv",
    "Device Model,1.1",
    "Measurement Frequency,50 Hz",
    "Time Zone,GMT +00:00",
    *("x gain,25621",) * 3,
    *("",) * 93,
)
WITH_TEMPERATURE = np.vstack([X, np.full(X.shape[1], 10.0), np.full(X.shape[1], 25.0)])
SHIMMER = preamble(
    "sep=\t",
    "S_Timestamp_Unix_CAL\tS_Accel_LN_X_CAL\tS_Accel_LN_Y_CAL\tS_Accel_LN_Z_CAL",
    "ms\tm/(s^2)\tm/(s^2)\tm/(s^2)",
)
WITH_GRAVITY: dict[str, str] = {
    "limber": table(HEADER, TIMES, X),
    "upper case, quoted by R": table('"time","X","Y","Z"', TIMES, X),
    "numbered rows of R": table(
        '"","time","X","Y","Z"', [f'"{index + 1}",{time}' for index, time in enumerate(TIMES)], X
    ),
    "row numbers without a name": table(
        "time x y z", [f"{index + 1} {time}" for index, time in enumerate(TIMES)], X, separator=" "
    ),
    "tabs": table(HEADER.replace(",", "\t"), TIMES, X, separator="\t"),
    "semicolons": table("time;x;y;z", TIMES, X, separator=";"),
    "bars": table("time|x|y|z", TIMES, X, separator="|"),
    "spaces": table("time x y z", TIMES, X, separator="   "),
    "comma and space": table("time, x, y, z", TIMES, X, separator=", "),
    "semicolons and decimal commas": table(
        "time;x;y;z", [time.replace(".", ",") for time in TIMES], X, separator=";", decimal=","
    ),
    "tabs and decimal commas": table(
        "time\tx\ty\tz", [time.replace(".", ",") for time in TIMES], X, separator="\t", decimal=","
    ),
    "quoted decimal commas": table(
        HEADER, [f'"{time.replace(".", ",")}"' for time in TIMES], X, number='"{:.5f}"', decimal=","
    ),
    "quoted numbers": table(HEADER, [f'"{time}"' for time in TIMES], X, number='"{:.5f}"'),
    "sep= of a spreadsheet": "sep=;\n" + table("time;x;y;z", TIMES, X, separator=";"),
    "sep= without a header it knows": '"sep=,"\n' + table(HEADER, TIMES, X),
    "header on line 11": preamble(*(f"Subject {n}" for n in range(10))) + table(HEADER, TIMES, X),
    "commented header": table("# " + HEADER, TIMES, X),
    "comment lines before it": preamble("# Rate: 50", "# Range: 4 g", "") + table(HEADER, TIMES, X),
    "a row of units": "time,x,y,z\ns,g,g,g\n" + table(None, TIMES, X),
    "blank lines": table(HEADER, TIMES, X, end="\n\n"),
    "CRLF": table(HEADER, TIMES, X, end="\r\n"),
    "CR": table(HEADER, TIMES, X, end="\r"),
    "trailing separators": table(HEADER + ",", TIMES, X, end=",\n"),
    "trailing separators, none in the header": table(HEADER, TIMES, X, end=",\n").replace(
        HEADER + ",", HEADER, 1
    ),
    "exponents": table(HEADER, TIMES, X, number="{:.6E}"),
    "all digits": table(HEADER, TIMES, X / 3 * 3, number="{!r}"),
    "plus signs": table(HEADER, TIMES, X, number="{:+.5f}"),
    "m/s2 by gravity": table(HEADER, TIMES, X * G),
    "mg by gravity": table(HEADER, TIMES, X * 1000, number="{:.1f}"),
    "mg by header": table("time,X [mg],Y [mg],Z [mg]", TIMES, X * 1000, number="{:.0f}"),
    "superscript": table("time,x (m/s²),y (m/s²),z (m/s²)", TIMES, X * G),
    "ms from 0": table(HEADER, seconds(scale=1e-3), X),
    "us from 0": table(HEADER, seconds(scale=1e-6), X),
    "ns from 0": table(HEADER, seconds(scale=1e-9), X),
    "ms by header": table("Time (ms),X,Y,Z", seconds(scale=1e-3), X),
    "time_ms": table("time_ms,acc_x,acc_y,acc_z", seconds(scale=1e-3), X),
    "Unix s": table(HEADER, UNIX_TIMES, X),
    "Unix ms": table(HEADER, [f"{float(time) * 1000:.0f}" for time in UNIX_TIMES], X),
    "Unix us": table(HEADER, [f"{float(time) * 1e6:.0f}" for time in UNIX_TIMES], X),
    "Unix ns": table(HEADER, UNIX_NS, X),
    "days of a spreadsheet": table(
        HEADER, [f"{46346.916666 + index / RATE / 86400:.10f}" for index in range(X.shape[1])], X
    ),
    "ISO with Z": table(HEADER, iso(utc), X),
    "ISO with an offset": table(
        HEADER,
        iso(lambda ms: "2026-11-21T" + clock("{h:02}:{m:02}:{s:02}.{f:03}+02:00", ms, 0)),
        X,
    ),
    "ISO with a space, local": table(HEADER, iso(lambda ms: utc(ms)[:-1].replace("T", " ")), X),
    "ISO, a comma before the ms": table(
        "time;x;y;z",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ").replace(".", ",")),
        X,
        separator=";",
        decimal=",",
    ),
    "German dates": table(
        "time;x;y;z",
        iso(lambda ms: "20.11.2026 " + clock("{h}:{m:02}:{s:02},{f:03}", ms)),
        X,
        separator=";",
        decimal=",",
    ),
    "American dates": table(
        HEADER, iso(lambda ms: "11/20/2026 " + clock("{h}:{m:02}:{s:02}.{f:03} PM", ms, 10)), X
    ),
    "clock times": table(HEADER, iso(lambda ms: clock("{h}:{m:02}:{s:02}.{f:03}", ms)), X),
    "clock times over midnight": table(
        HEADER,
        iso(
            lambda ms: (
                clock("{h:02}:{m:02}:{s:02}.{f:03}", (ms - 60_000) % 3_600_000, 23)
                if ms < 60_000
                else clock("{h:02}:{m:02}:{s:02}.{f:03}", ms - 60_000, 0)
            )
        ),
        X,
    ),
    "date and time in two columns": table(
        "date,time,x,y,z", iso(lambda ms: f"{DAY}," + clock("{h:02}:{m:02}:{s:02}.{f:03}", ms)), X
    ),
    "seconds without fractions": table(
        HEADER, iso(lambda ms: f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}Z", ms + 700)), X
    ),
    "batches of 25": table(HEADER, [f"{index // 25 * 0.5:.2f}" for index in range(X.shape[1])], X),
    "Sensor Logger": table(
        "time,seconds_elapsed,z,y,x",
        [f"{ns},{time}" for ns, time in zip(UNIX_NS, TIMES, strict=True)],
        X[::-1] * G,
        number="{!r}",
    ),
    "phyphox": table(
        '"Time (s)","Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)",'
        '"Absolute acceleration (m/s^2)"',
        [f"{float(time):.9E}" for time in TIMES],
        np.vstack([X, np.sqrt((X**2).sum(axis=0))]) * G,
        number="{:.9E}",
    ),
    "phyphox, German, tabs": table(
        '"Zeit (s)"\t"Beschleunigung x (m/s^2)"\t"Beschleunigung y (m/s^2)"\t'
        '"Beschleunigung z (m/s^2)"',
        [f"{float(time):.9E}".replace(".", ",") for time in TIMES],
        X * G,
        number="{:.9E}",
        separator="\t",
        decimal=",",
    ),
    "Polar Sensor Logger": table(
        "Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]",
        [
            f"{utc(round(index * 20))[:-1]};{599933894402193248 + index * 20_000_000}"
            for index in range(X.shape[1])
        ],
        X * 1000,
        separator=";",
        number="{:.0f}",
    ),
    "ActiGraph": ACTIGRAPH + table("Accelerometer X,Accelerometer Y,Accelerometer Z", [], X),
    "ActiGraph without headers": ACTIGRAPH + table(None, [], X, number="{:.3f}"),
    "ActiGraph with times": ACTIGRAPH
    + table(
        "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z",
        iso(lambda ms: "11/20/2026 " + clock("{h}:{m:02}:{s:02}.{f:03}", ms)),
        X,
    ),
    "Axivity": table(None, iso(lambda ms: utc(ms)[:-1].replace("T", " ")), X),
    "Axivity AX6": table(
        "Time,Accel-X (g),Accel-Y (g),Accel-Z (g),Gyro-X (d/s),Gyro-Y (d/s),Gyro-Z (d/s)",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ")),
        np.vstack([X, X * 30]),
    ),
    "accelerometer": table(
        HEADER,
        iso(lambda ms: utc(ms)[:-1].replace("T", " ") + "000+0000 [Europe/London]"),
        X,
    ),
    "GENEActiv": GENEACTIV
    + table(
        None,
        iso(lambda ms: utc(ms)[:-1].replace("T", " ").replace(".", ":")),
        WITH_TEMPERATURE,
        number="{:.4f}",
    ),
    "Empatica": "1795212000.000000, 1795212000.000000, 1795212000.000000\n"
    "50.000000, 50.000000, 50.000000\n" + table(None, [], X * 64, number="{:.0f}"),
    "Garmin": table(
        "time;x;y;z",
        iso(lambda ms: f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}.{f:03}+00:00", ms)),
        X * 1000,
        separator=";",
        number="{:.0f}",
    ),
    "Shimmer": SHIMMER
    + table(None, [f"{float(time) * 1000:.2f}" for time in UNIX_TIMES], X * G, separator="\t"),
    "MetaBase": table(
        "epoc (ms),timestamp (+0000),elapsed (s),x-axis (g),y-axis (g),z-axis (g)",
        [
            f"{round(1000 * UNIX) + 20 * index},{utc(20 * index)[:-1].replace(':', '.')},{time}"
            for index, time in enumerate(TIMES)
        ],
        X,
    ),
    "mHealth": table(
        "HEADER_TIME_STAMP,X_ACCELERATION_METERS_PER_SECOND_SQUARED,"
        "Y_ACCELERATION_METERS_PER_SECOND_SQUARED,Z_ACCELERATION_METERS_PER_SECOND_SQUARED",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ")),
        X * G,
    ),
    "Physics Toolbox": table("time,gFx,gFy,gFz,TgF", TIMES, np.vstack([X, np.ones(X.shape[1])])),
    "SensorLog": table(
        "loggingTime(txt),accelerometerAccelerationX(G),accelerometerAccelerationY(G),"
        "accelerometerAccelerationZ(G),motionUserAccelerationX(G),motionUserAccelerationY(G),"
        "motionUserAccelerationZ(G)",
        iso(lambda ms: utc(ms)[:-1] + "+00:00"),
        np.vstack([X, LINEAR]),
    ),
    "gravity beside it": table(
        "time,accelerationX,accelerationY,accelerationZ,gravityX,gravityY,gravityZ",
        UNIX_NS,
        np.vstack([LINEAR, X - LINEAR]),
    ),
}
WITHOUT_GRAVITY: dict[str, str] = {
    "m/s2 by header": table("time,x [m/s2],y [m/s2],z [m/s2]", TIMES, LINEAR * G),
    "Sensor Logger": table(
        "time,seconds_elapsed,z,y,x",
        [f"{ns},{time}" for ns, time in zip(UNIX_NS, TIMES, strict=True)],
        LINEAR[::-1] * G,
    ),
    "phyphox": table(
        '"Time (s)","Linear Acceleration x (m/s^2)","Linear Acceleration y (m/s^2)",'
        '"Linear Acceleration z (m/s^2)"',
        TIMES,
        LINEAR * G,
    ),
}
