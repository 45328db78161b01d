"""What the tests share: the program, studies, and what a command says.

AMORPH names the program (default: target/debug/amorph)."""

import contextlib
import io
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AMORPH = Path(os.environ.get("AMORPH", ROOT / "target/debug/amorph")).resolve()
# For those that call the program by its name.
PATH = f"{AMORPH.parent}{os.pathsep}{os.environ['PATH']}"

# The scenarios of the paper's open questions, small.
BEYOND = """
version = 1
[study]
name = "beyond"
replicas = {replicas}
[solid]
dimension = 2
particles = 48
pressure = 0.1
[parameters]
species = [12]
[sweep]
directions = 2
gamma_max = 1e-3
[[scenario]]
name = "pairs"
features = {{ sets = [["allosteric"]], allosteric = {{ pairs = 24 }} }}
sweep = {{ set = ["allosteric"], parameters = [] }}
[[scenario]]
name = "mixed"
solid = {{ structure = "triangular", polydispersity = [0.0, 1e-4, 1e-3, 1e-2] }}
sweep.parameters = []
[[scenario]]
name = "power"
solid.exponent = [2.0, 3.0]
"""


def amorph(*arguments):
    """Runs the program, which must succeed, in minutes."""
    command = [AMORPH, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


def ended(command, *arguments):
    """(exit code, what was printed, what it said) of a command of the package."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            code = command.main([*map(str, arguments)])
        except SystemExit as exit:
            code = exit.code
    return code, printed.getvalue(), said.getvalue()
