"""The reader and the figures, on results of the real program. `make test` runs this.

AMORPH names the program (default: target/debug/amorph)."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import xarray

import amorph_file

HERE = Path(__file__).resolve().parent
AMORPH = os.environ.get("AMORPH", str(HERE.parent / "target/debug/amorph"))

STUDY = """
version = 1
[study]
name = "analysis"
replicas = 3
first_replica = {first}
[solid]
dimension = 2
particles = 48
pressure = 0.1
[features]
sets = [["stress"], ["stress", "elastic"]]
[parameters]
species = [2, 12]
[sweep]
set = ["stress", "elastic"]
parameters = ["D_n12"]
[output]
curves = 2
[[scenario]]
name = "packing"
[[scenario]]
name = "crystal"
[scenario.solid]
structure = "triangular"
[scenario.sweep]
directions = 1
"""


class Analysis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.files = []
        for index, first in enumerate((0, 3)):
            study = Path(cls.folder.name, f"study-{index}.toml")
            study.write_text(STUDY.format(first=first))
            output = study.with_suffix(".h5")
            subprocess.run([AMORPH, "run", study, "-o", output], check=True, capture_output=True)
            cls.files.append(str(output))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_script(self, name, *arguments):
        image = Path(self.folder.name, f"{name}.png")
        done = subprocess.run(
            [sys.executable, HERE / name, *arguments, "-o", image], capture_output=True, text=True
        )
        return done, image

    def test_every_figure_is_drawn(self):
        for name, more in [
            ("figure1.py", []),
            ("figure2.py", ["--set", "stress+elastic"]),
            ("figure3.py", ["--replica", "4", "--direction", "8"]),
            ("figure4.py", []),
        ]:
            done, image = self.run_script(name, *self.files, *more)
            self.assertEqual(done.returncode, 0, f"{name}: {done.stderr}")
            self.assertEqual(image.read_bytes()[:4], b"\x89PNG", name)

    def test_a_foreign_file_is_refused_with_a_message(self):
        done, _ = self.run_script("figure4.py", __file__)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not a readable HDF5 file", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_the_same_replicas_twice_are_refused(self):
        with self.assertRaisesRegex(amorph_file.FileError, "replica 0 is also in"):
            amorph_file.read(self.files[0], self.files[0])

    def test_files_of_one_study_are_read_as_one(self):
        packing = amorph_file.read(*reversed(self.files))["packing"]
        self.assertEqual(packing["D_n12/stress+elastic/singular_values"].shape, (6, 9))
        self.assertEqual(list(packing.replicas("D_n12/sweeps/curve/norm")), [0, 1, 3, 4])
        self.assertEqual(packing["D_n12/stress/rank"].tolist(), [3] * 6)

    def test_the_jacobian_is_the_product_of_its_factors(self):
        packing = amorph_file.read(self.files[0])["packing"]
        home = "D_n12/stress+elastic"
        left, s, right = (
            packing[f"{home}/{name}"][0].data for name in ("left", "singular_values", "right")
        )
        error = packing["D_n12/jacobian"][0].data - left @ np.diag(s) @ right
        self.assertLess(abs(error).max(), 1e-12 * s[0])

    def test_unfinished_rows_are_masked_and_no_others(self):
        copy = Path(self.folder.name, "unfinished.h5")
        copy.write_bytes(Path(self.files[0]).read_bytes())
        with h5py.File(copy, "r+") as file:
            items = file["items"]
            part, replica = items["part"][...].astype(str), items["replica"][...]
            state, scenario = items["state"][...], items["scenario"][...]
            state[(scenario == 0) & (replica == 1) & (part == "solid")] = 0
            state[(scenario == 0) & (replica == 2) & (part == "D_n12[4:5]")] = 2
            items["state"][...] = state
        packing = amorph_file.read(copy)["packing"]
        rank = np.ma.getmaskarray(packing["D_n12/stress/rank"])
        self.assertEqual(rank.tolist(), [False, True, False])
        curves = np.ma.getmaskarray(packing["D_n12/sweeps/curve/norm"])
        self.assertFalse(curves.any())
        mask = np.ma.getmaskarray(packing["D_n12/sweeps/gamma_star"]).any(axis=2)
        self.assertEqual(np.argwhere(mask).tolist(), [[2, 4]])
        crystal = amorph_file.read(copy)["crystal"]
        self.assertFalse(np.ma.getmaskarray(crystal["D_n12/stress/rank"]).any())

    def test_xarray_opens_a_group_with_its_labels(self):
        sweeps = xarray.open_dataset(self.files[1], group="packing/D_n12/sweeps")
        self.assertEqual(list(sweeps.replica.values), [3, 4, 5])
        self.assertEqual(sweeps.feature_of_set.values[3], b"C_xxxx")
        self.assertEqual(sweeps.gamma_star.dims, ("replica", "direction", "bracket"))


if __name__ == "__main__":
    unittest.main()
