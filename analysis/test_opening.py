"""`amorph_analysis.open` and `to_dataframe`, on results of the real program. `make test` runs this."""

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import xarray

import amorph_analysis
from common import ROOT, amorph

VERSION_1 = ROOT / "tests/data/results-version-1.h5"

STUDY = """
version = 1
[study]
name = "analysis"
replicas = {replicas}
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
SWEEPS = "packing/D_n12/sweeps"


class Opening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.files = []
        for first, replicas in [(0, 3), (3, 3)]:
            study = cls.at(f"study-{first}.toml")
            study.write_text(STUDY.format(first=first, replicas=replicas))
            output = study.with_suffix(".h5")
            amorph("run", study, "-o", output)
            cls.files.append(output)
        cls.measured = cls.at("measured.h5")
        amorph(
            *["measure", cls.files[0], "--scenario", "packing", "--replica", "1"],
            *["--directions", "all", "--sweep", "-o", cls.measured],
        )

    @classmethod
    def at(cls, name):
        return Path(cls.folder.name, name)

    def opened(self, *files):
        tree = amorph_analysis.open(*files)
        self.addCleanup(tree.close)
        return tree

    def changed(self, name, change):
        """A copy of the first file that `change` has written to."""
        copy = self.at(name)
        copy.write_bytes(self.files[0].read_bytes())
        with h5py.File(copy, "r+", locking=False) as file:
            change(file)
        return copy

    def refused(self, message, *files):
        with self.assertRaisesRegex(amorph_analysis.FileError, message):
            amorph_analysis.open(*files)

    def test_what_cannot_be_opened_is_refused_with_a_message(self):
        self.refused("no file given")
        self.refused("there is no such file", self.at("nothing.h5"))
        self.refused("not a readable HDF5 file", __file__)
        self.refused("replica 0 is also in", self.files[0], self.files[0])
        self.refused("another study than", self.files[0], VERSION_1)
        self.refused("not a results file", self.files[0], self.measured)
        foreign = self.changed("foreign.h5", lambda file: file.attrs.modify("format", "other"))
        self.refused("not a results file", foreign)
        newer = self.changed("newer.h5", lambda file: file.attrs.modify("format_version", 4))
        self.refused("format version 4", newer)

    def test_files_of_one_study_are_one_tree(self):
        tree = self.opened(*reversed(self.files))
        self.assertEqual(tree.name, "analysis")
        self.assertEqual(list(tree["packing"]["replica"].values), [0, 1, 2, 3, 4, 5])
        self.assertEqual(tree["packing/D_n12/stress/rank"].values.tolist(), [3] * 6)
        for replica in range(6):
            with h5py.File(self.files[replica // 3], locking=False) as file:
                stored = file[f"{SWEEPS}/zeta"][replica % 3]
            found = tree[SWEEPS]["zeta"].sel(replica=replica)
            np.testing.assert_array_equal(found, stored)

    def test_curves_have_the_label_of_their_solid(self):
        curve = self.opened(*self.files)[f"{SWEEPS}/curve"]
        held = curve["done"].any("direction")
        self.assertEqual(list(held["replica"].values[held]), [0, 1, 3, 4])
        with h5py.File(self.files[1], locking=False) as file:
            stored = file[f"{SWEEPS}/curve/norm"][1]
        np.testing.assert_array_equal(curve["norm"].sel(replica=4), stored)
        self.assertTrue(np.isnan(curve["norm"].sel(replica=[2, 5])).all())

    def test_parts_are_read_as_the_whole_is(self):
        curve = self.opened(*self.files)[f"{SWEEPS}/curve"].to_dataset()
        whole = curve["delta_y"].values
        fresh = self.opened(*self.files)[f"{SWEEPS}/curve"]["delta_y"]
        for part in [
            {"replica": 4},
            {"replica": [5, 0, 4], "direction": slice(1, 4)},
            {"replica": slice(None, None, -1), "gamma": [3, 1], "feature_of_set": 8},
            {"replica": slice(1, 1)},
            {"direction": -1, "gamma": slice(None, None, 5)},
        ]:
            axes = [part.get(axis, slice(None)) for axis in fresh.dims]
            expected = whole
            for axis in reversed(range(4)):
                expected = expected[(slice(None),) * axis + (axes[axis],)]
            np.testing.assert_array_equal(fresh.isel(part).values, expected, err_msg=str(part))

    def test_labels_are_found_by_name(self):
        tree = self.opened(self.files[0])
        constant = tree["packing/features"]["values"].sel(feature="C_xxxx")
        self.assertEqual(constant.dims, ("replica",))
        with h5py.File(self.files[0], locking=False) as file:
            np.testing.assert_array_equal(constant, file["packing/features/values"][:, 3])
        low = tree[SWEEPS]["gamma_star"].sel(bracket="lo")
        self.assertTrue((low > 0).all())

    def test_xarray_finds_labels_by_name_with_either_engine(self):
        for engine in ["h5netcdf", "netcdf4"]:
            for file, group, name in [
                (self.files[0], "packing/features", "values"),
                (self.measured, None, "features"),
            ]:
                with xarray.open_dataset(file, group=group, engine=engine) as data:
                    found = data[name].sel(feature="C_xxxx")
                    self.assertEqual(found.ndim, data[name].ndim - 1, (engine, name))
                    self.assertEqual(data[name].attrs["units"], "energy/length^2")
                    self.assertEqual(data[name].attrs["long_name"], "features y")

    def test_units_are_real_where_theta_is_of_one_kind(self):
        sweeps = self.opened(self.files[0])[SWEEPS]
        units = {name: sweeps[name].attrs["units"] for name in ["gamma_star", "zeta", "susceptibility"]}
        self.assertEqual(
            units,
            {"gamma_star": "length", "zeta": "energy/length^2", "susceptibility": "energy/length^3"},
        )

    def test_the_jacobian_is_the_product_of_its_factors(self):
        theta = self.opened(self.files[0])["packing/D_n12"]
        of_set = theta["stress+elastic"].to_dataset()
        factors = [of_set[name] for name in ["left", "singular_values", "right"]]
        product = xarray.dot(*factors, dim="mode").transpose("replica", ...)
        error = abs(theta["jacobian"].values - product.values).max()
        self.assertLess(error, 1e-12 * float(of_set["singular_values"].max()))

    def test_unfinished_rows_are_masked_and_no_others(self):
        def undo(file):
            items = file["items"]
            part, replica = items["part"][...].astype(str), items["replica"][...]
            state, scenario = items["state"][...], items["scenario"][...]
            state[(scenario == 0) & (replica == 1) & (part == "solid")] = 0
            state[(scenario == 0) & (replica == 2) & (part == "D_n12[4:5]")] = 2
            items["state"][...] = state

        tree = self.opened(self.changed("unfinished.h5", undo))
        for path in ["packing/D_n12/stress/rank", "packing/solids/positions"]:
            masked = np.isnan(tree[path]).values.reshape(3, -1)
            self.assertTrue(masked[1].all() and not masked[[0, 2]].any(), path)
        sweeps = tree[SWEEPS].to_dataset()
        masked = np.isnan(sweeps["gamma_star"].sel(bracket="lo")).values
        self.assertEqual(np.argwhere(masked).tolist(), [[2, 4]])
        np.testing.assert_array_equal(~sweeps["done"], masked)
        labels = sweeps["gamma_star_cause"]
        np.testing.assert_array_equal(labels == "not_computed", masked)
        self.assertFalse(np.isnan(tree["crystal/D_n12/stress/rank"]).any())
        states = tree["items"]["state"]
        self.assertEqual([int((states == it).sum()) for it in ["pending", "failed"]], [1, 1])
        frame = amorph_analysis.to_dataframe(tree)
        self.assertEqual(len(frame[frame.scenario == "packing"]), 3 * 9 - 1)

    def test_causes_are_labels(self):
        sweeps = self.opened(self.files[0])[SWEEPS].to_dataset()
        with h5py.File(self.files[0], locking=False) as file:
            codes = file[f"{SWEEPS}/gamma_star_cause"][...]
        found = sweeps["gamma_star_cause"].values
        self.assertEqual(set(found[codes == 1]), {"curvature"})
        curved = sweeps["zeta"].where(sweeps["gamma_star_cause"] == "curvature")
        np.testing.assert_array_equal(np.isnan(curved), codes != 1)
        self.assertIn("contact_change", sweeps["gamma_star_cause"].attrs["flag_meanings"])

    def test_a_table_has_a_row_per_direction(self):
        tree = self.opened(*self.files)
        frame = amorph_analysis.to_dataframe(tree)
        self.assertEqual(len(frame), 6 * 9 + 6)
        key = ["scenario", "theta", "replica", "direction"]
        self.assertFalse(frame.duplicated(key).any())
        self.assertEqual(str(frame["gamma_star_cause"].dtype), "category")
        row = frame[(frame.scenario == "packing") & (frame.replica == 4) & (frame.direction == 2)]
        here = tree[SWEEPS].to_dataset().sel(replica=4, direction=2)
        self.assertEqual(row["s"].item(), here["susceptibility"].item())
        low, high = here["gamma_star"].values
        self.assertEqual(row["gamma_star"].item(), np.sqrt(low * high))
        found = frame.dropna(subset=["zeta"])
        np.testing.assert_allclose(found["zeta"], found["s"] * found["gamma_star"], rtol=1e-12)

    def test_the_study_says_what_it_holds(self):
        tree = self.opened(self.files[0])
        self.assertEqual(list(amorph_analysis.scenarios(tree)), ["packing", "crystal"])
        self.assertEqual(amorph_analysis.parameterisations(tree["packing"]), ["D_n2", "D_n12"])
        self.assertEqual(amorph_analysis.swept(tree["packing"]), ["D_n12"])
        self.assertEqual(amorph_analysis.sets(tree["packing"]), ["stress", "stress+elastic"])

    def test_causes_of_format_version_1_have_todays_names(self):
        tree = self.opened(VERSION_1)
        causes = tree["soft/D_n4/sweeps"]["gamma_star_cause"]
        self.assertEqual(set(causes.values.ravel()), {"curvature", "contact_change"})
        self.assertIn("not_applicable", causes.attrs["flag_meanings"].split())
        self.assertTrue(np.isnan(tree["failing/solids"]["pressure"]).all())

    def test_a_measurement_and_a_solid_file_are_opened(self):
        tree = self.opened(self.measured)
        self.assertEqual(tree["gamma_star"].dims, ("direction", "bracket"))
        self.assertIn(tree["gamma_star_cause"].values[0], ["curvature", "contact_change"])
        self.assertEqual(tree["curve/norm"].dims, ("direction", "gamma"))
        self.assertEqual(float(tree["features"].sel(feature="C_xxxx")), float(tree["features"][3]))
        solid = self.opened(ROOT / "tests/data/s2d_n064_p1e-1_D10.h5")
        self.assertEqual(dict(solid["positions"].sizes), {"particle": 64, "axis": 2})

    def test_scenarios_are_swept_in_blocks_of_their_own(self):
        study = self.at("blocks.toml")
        flat = '[[scenario]]\nname = "flat"\n'
        # Twelve directions, in other blocks than the nine of two dimensions.
        deep = '[[scenario]]\nname = "deep"\nsolid.dimension = 3\nsweep.gamma_max = 1e-5\n'
        head = STUDY.format(first=0, replicas=1).partition("[[scenario]]")[0]
        study.write_text(head + flat + deep)
        results = self.at("blocks.h5")
        amorph("run", study, "-o", results)
        with h5py.File(results) as file:
            of_deep = file["items/scenario"][...] == 1
            parts = file["items/part"][...]
            self.assertGreater(len(set(parts[of_deep]) - set(parts[~of_deep])), 0)
        tree = self.opened(results)
        for scenario in ("flat", "deep"):
            self.assertTrue(tree[f"{scenario}/D_n12/sweeps"]["done"].all(), scenario)


if __name__ == "__main__":
    unittest.main()
