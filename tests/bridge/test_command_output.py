"""What the commands print: one line an error whatever a file contains, in any encoding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from limber_bridge.cli import main

EMG_ROWS = "".join(f"{number / 100},{number % 7 - 3}\n" for number in range(6100))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('time,left_emg\n0,1\n1,"a\nb"\n2,1\n3,2\n', "line 3: column `left_emg` is `a"),
        ("time,left_emg\n0,1\n1,\x1b[31mred\n2,1\n3,2\n", r"\x1b[31mred"),
        ("time,left_emg\n0,1\n1,a\x85b\n2,1\n3,2\n", r"a\x85b"),
    ],
)
def test_an_error_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, quoted: str
) -> None:
    path = tmp_path / "n.csv"
    path.write_text(text)
    assert main(["score", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.splitlines() == [error.rstrip("\n")]
    assert quoted in error


def test_the_name_of_a_file_cannot_break_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(tmp_path / "a\nb.csv")]) == 1
    assert "\\x0ab.csv: No such file or directory; check the path\n" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["score", "n.csv", "--rate", "1\n2"])
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "command", "said"),
    [
        ("score n.csv --jsno", "limber score", "--jsno (did you mean `--json`?)"),
        ("score n.csv --plot p.png", "limber score", "p.png (`--plot` takes no value)"),
        ("service install --usr", "limber service install", "--usr (did you mean `--user`?)"),
        ("scan x y", "limber scan", "x y"),
        ("--loud scan", "limber", "--loud"),
    ],
)
def test_arguments_that_are_left_over_name_the_help_of_the_command(
    capsys: pytest.CaptureFixture[str], line: str, command: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error == f"{command}: unrecognized arguments: {said}; see `{command} --help`\n"


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_any_encoding_of_the_output(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "Nächt.csv"
    path.write_text("time,left_emg\n" + EMG_ROWS)
    marks = tmp_path / "Märks.csv"
    marks.write_text("onset,duration,side\n10,2,L\n")
    runs = (["score", str(path)], ["score", str(tmp_path / "ü.csv")], ["rescore", str(marks)])
    done = [
        subprocess.run(
            [sys.executable, "-c", "import sys; from limber_bridge.cli import main; main()", *run],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )
        for run in runs
    ]
    assert b"cht.csv (wasm-2016, " in done[0].stdout
    assert b".csv: No such file" in done[1].stderr
    assert b"rks.csv (wasm-2016, " in done[2].stdout
    assert not any(b"Traceback" in one.stderr for one in done)
