"""The app in a container that is put together here, as its image cannot be built without Docker.

`.tools/app-root` has Busybox and s6, all from Debian's packages. The service of the app is the one
of the image, and s6 runs it as s6-overlay does. Not from the image: Alpine and its C library,
Python, and s6-overlay itself, of which only `with-contenv` and `halt` are imitated.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

import yaml

from devtools.processes import ROOT, Program, start
from tests.bridge.network_namespace import NetworkNamespace
from tests.bridge.supervisor_rules import is_excluded
from tests.required_programs import need, unavailable

APP_ROOT: Final = ROOT / ".tools" / "app-root"
IMAGE_FILES: Final = ROOT / "bridge" / "rootfs"
CONFIG: Final[dict[str, Any]] = yaml.safe_load((ROOT / "bridge" / "config.yaml").read_text())
HOSTS: Final = "127.0.0.1 localhost supervisor core-mosquitto\n"
HALT: Final = "#!/bin/sh\nexec s6-svscanctl -t /run/service\n"
"""Stops all services, as `halt` of s6-overlay does."""

SHEBANG: Final = "#!/command/with-contenv sh"


@dataclass
class Container:
    """The folders of an app, and the container that uses them while it runs."""

    folder: Path
    network: NetworkNamespace
    environment: Mapping[str, str]
    """Variables that the Supervisor or Docker sets."""
    program: Program | None = None
    data: Path = field(init=False)
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        if not APP_ROOT.exists():
            unavailable("script/setup app builds the root file system of the app")
        self.data = self.folder / "data"
        self.config = self.folder / "config"
        for path in (self.data, self.config):
            path.mkdir(parents=True)

    @property
    def log(self) -> str:
        return (self.folder / "app.log").read_text()

    @property
    def results(self) -> Path:
        """The folder for what the container returns when it stops."""
        return self.folder / "run" / "s6-linux-init-container-results"

    def start(self, command: str = "") -> None:
        """Start the container; `command` replaces that of the service."""
        self._prepare_run()
        if command:
            (self.folder / "run/service/limber/run").write_text(f"{SHEBANG}\n{command}\n")
        words = self._command("s6-svscan", "/run/service")
        self.program = self.network.run(start, "app", words, self.folder / "app.log")

    def stop(self) -> None:
        """Stop it, as Docker does; s6 stops the service first."""
        if self.program is not None:
            if self.program.runs:
                self.execute("s6-svscanctl -t /run/service")
            self.program.process.wait(40)

    def kill(self) -> None:
        """Cut its power."""
        if self.program is not None:
            self.program.kill()

    def execute(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as the Supervisor does for a backup."""
        words = self._command(*command.split())
        return self.network.run(
            subprocess.run, words, capture_output=True, text=True, check=False, timeout=60
        )

    def back_up(self, target: Path) -> None:
        """Make a backup as the Supervisor does."""
        assert self.execute(CONFIG["backup_pre"]).returncode == 0
        with tarfile.open(target, "w") as archive:
            for name in ("data", "config"):
                add_folder(archive, self.folder / name, PurePath(name))
        assert self.execute(CONFIG["backup_post"]).returncode == 0

    def restore(self, source: Path) -> None:
        """Restore a backup: the folders contain what is in it, and nothing else."""
        for path in (self.data, self.config):
            shutil.rmtree(path)
        with tarfile.open(source) as archive:
            archive.extractall(self.folder, filter="data")

    def _prepare_run(self) -> None:
        """Make /run as s6-overlay leaves it before it starts the services."""
        run = self.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        for path in (run / "s6/basedir/bin", run / "s6/container_environment", self.results):
            path.mkdir(parents=True)
        halt = run / "s6/basedir/bin/halt"
        halt.write_text(HALT)
        halt.chmod(0o755)
        for name, value in self.environment.items():
            (run / "s6/container_environment" / name).write_text(value)
        service = IMAGE_FILES / "etc/s6-overlay/s6-rc.d/limber"
        shutil.copytree(service, run / "service" / "limber")
        (self.folder / "hosts").write_text(HOSTS)

    def _command(self, *words: str) -> list[str | Path]:
        """Return a command that runs in the container."""
        inside = [need("bwrap"), "--die-with-parent", "--dev", "/dev", "--proc", "/proc"]
        for name in ("usr", "command"):
            inside += ["--ro-bind", str(APP_ROOT / name), f"/{name}"]
        for name in ("bin", "sbin", "lib", "lib64"):
            inside += ["--symlink", f"usr/{name}", f"/{name}"]
        for name in ("data", "config", "run"):
            inside += ["--bind", str(self.folder / name), f"/{name}"]
        inside += ["--ro-bind", str(self.folder / "hosts"), "/etc/hosts", "--tmpfs", "/tmp"]  # noqa: S108 - inside
        inside += ["--ro-bind", str(APP_ROOT / "etc/passwd"), "/etc/passwd"]
        inside += ["--ro-bind", str(IMAGE_FILES / "usr/local/bin"), "/usr/local/bin"]
        for path in python_folders():
            inside += ["--ro-bind", path, path]
        inside += ["--clearenv", "--setenv", "PYTHONPATH", str(ROOT / "bridge")]
        inside += ["--setenv", "PATH", f"{sys.prefix}/bin:/command:/usr/local/bin:/usr/bin"]
        return [*inside, *words]


def python_folders() -> list[str]:
    """Return the folders of this Python, its packages and the bridge, each once."""
    found = [Path(sys.prefix), Path(sys.prefix).resolve(), Path(sys.base_prefix)]
    found += [Path(os.path.realpath(sys.base_prefix)), ROOT / "bridge"]
    return sorted({str(path) for path in found})


def add_folder(archive: tarfile.TarFile, folder: Path, name: PurePath) -> None:
    """Add a folder to a backup, without what is excluded."""
    archive.add(folder, str(name), recursive=False)
    for path in sorted(folder.iterdir()):
        if is_excluded(path, CONFIG["backup_exclude"]):
            continue
        if path.is_dir() and not path.is_symlink():
            add_folder(archive, path, name / path.name)
        else:
            archive.add(path, str(name / path.name))
