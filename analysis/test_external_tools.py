"""The examples of docs/external-tools.md, run one after the other as they stand there."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import PATH, ROOT

PAGE = ROOT / "docs/external-tools.md"

# The names of configs/demo.toml, in seconds.
STUDY = """
version = 1
[study]
name = "demo"
replicas = 4
[solid]
dimension = 2
particles = 48
pressure = 0.1
[features]
sets = [["stress"], ["stress", "elastic"]]
[parameters]
species = [40]
[sweep]
set = ["stress", "elastic"]
"""

# What is not to be had everywhere is left out where it is missing.
OCTAVE = "octave-cli"


def blocks():
    """(number of the line, language, text) of every example."""
    page = PAGE.read_text()
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        yield page.count("\n", 0, found.start()) + 1, found[1], found[2]


def has_octave():
    if not shutil.which(OCTAVE):
        return False
    return subprocess.run([OCTAVE, "--eval", "pkg load netcdf"], capture_output=True).returncode == 0


class ExternalTools(unittest.TestCase):
    def test_every_example_runs(self):
        runners = {
            "sh": ["bash", "-e", "-o", "pipefail"],
            "python": [sys.executable, "-W", "error::FutureWarning"],
        }
        if has_octave():
            runners["octave"] = [OCTAVE, "--no-gui"]
        seen = set()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "demo.toml").write_text(STUDY)
            for line, language, text in blocks():
                seen.add(language)
                if language not in runners:
                    continue
                example = Path(folder, f"example-{line}.{language}")
                example.write_text(text)
                done = subprocess.run(
                    [*runners[language], example],
                    cwd=folder,
                    env=os.environ | {"PATH": PATH, "QT_QPA_PLATFORM": "offscreen"},
                    capture_output=True,
                    text=True,
                    timeout=120,
                )
                where = f"{PAGE.name}, line {line}: {done.stdout}{done.stderr}"
                self.assertEqual(done.returncode, 0, where)
        self.assertEqual(seen, {"sh", "python", "octave", "matlab", "julia"})


if __name__ == "__main__":
    unittest.main()
