"""`amorph-table`, on results of the real program. `make test` runs this."""

import shutil
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

from amorph_analysis.tables import TABLES, cells, command
from common import AMORPH, BEYOND, amorph, ended

STUDY = (
    BEYOND.format(replicas=3)
    + """
[[scenario]]
name = "broken"
solid = { structure = "triangular", particles = 80, defects = 0.0125 }
sweep.parameters = []
"""
)
SET = "stress+elastic"


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        study = cls.folder / "study.toml"
        study.write_text(STUDY)
        cls.results = cls.folder / "results.h5"
        amorph("run", study, "-o", cls.results)
        cls.measured = cls.folder / "one.h5"
        pairs = ["--scenario", "pairs", "--replica", "1", "--features", "allosteric"]
        by_bond = ["--parameters", "k", "--level", "bond"]
        amorph("measure", cls.results, *pairs, *by_bond, "-o", cls.measured)

    def rows(self, *arguments):
        """The rows of every table, by the names of its columns."""
        code, printed, said = ended(command, *arguments)
        self.assertEqual((code, said), (0, ""))
        tables = []
        for table in printed.strip().split("\n\n")[1::2]:
            head, rule, *lines = ([*map(str.strip, line.split("|")[1:-1])] for line in table.split("\n"))
            self.assertEqual(set(rule), {"---"})
            self.assertTrue(lines)
            tables.append([dict(zip(head, line, strict=True)) for line in lines])
        return tables

    def refused(self, message, *arguments):
        code, printed, said = ended(command, *arguments)
        self.assertEqual((code, printed, said.count("\n")), (2, "", 1))
        self.assertIn(message, said)

    def stored(self, path, file=None):
        with h5py.File(file or self.results) as opened:
            return opened[path][...]

    def test_the_rank_stands_beside_the_last_singular_value_that_it_counts(self):
        (rows,) = self.rows("rank", self.results)
        by_name = {row["solids"]: row for row in rows}
        s = self.stored("pairs/D_n12/allosteric/singular_values")
        pairs = by_name["pairs"]
        self.assertEqual((pairs["n_y"], pairs["n_θ"], pairs["r"], pairs["full"]), ("24", "12", "12", "3 of 3"))
        self.assertEqual(pairs["s_r/s_1"], cells.spread(s[:, 11] / s[:, 0]))
        self.assertEqual(pairs["s_r/s_{r+1}"], "")
        crystal = by_name["mixed_delta0"]
        self.assertEqual((crystal["r"], crystal["full"]), ("1", "0 of 3"))
        self.assertEqual(crystal["s_r/s_1"], "1.0")
        self.assertGreater(float(crystal["s_r/s_{r+1}"].split()[0]), 1e12)

    def test_all_stiffnesses_of_a_measurement_lose_one_feature(self):
        ((row,),) = self.rows("rank", self.measured)
        s = self.stored("singular_values", self.measured)
        bonds = len(self.stored("jacobian", self.measured).T)
        self.assertEqual((row["solids"], row["n_θ"]), ("one", str(bonds)))
        # With fewer features than bonds the sum over all k is no loss.
        self.assertEqual((row["r"], row["full"]), ("24", "1 of 1"))
        self.assertEqual(row["s_r/s_1"], cells.number(s[-1] / s[0]))

    def test_the_first_rows_of_j_are_fewer_features(self):
        ((row,),) = self.rows("allosteric", self.results, "--scenario", "pairs")
        jacobian = self.stored("pairs/D_n12/jacobian")
        for name, n in (("n_θ/2", 6), ("n_θ − 2", 10), ("n_θ", 12), ("n_θ + 2", 14), ("all", 24)):
            s = [np.linalg.svd(one[:n], compute_uv=False) for one in jacobian]
            self.assertEqual(row[name], cells.spread([one[-1] / one[0] for one in s]))
        self.assertEqual(row["full"], "3 of 3")
        self.refused("no finished solid for this table", "allosteric", self.results, "--scenario", "power_alpha2")

    def test_chosen_features_are_more_and_less_independent_than_the_first_ones(self):
        (rows,) = self.rows("choice", self.results, "--scenario", "pairs")
        self.assertEqual([row["n_y"] for row in rows], ["2", "6", "8", "9", "12"])
        for row in rows:
            middle, low, high = (
                [float(end) for end in row[name].replace("[", "").replace("]", "").replace(",", "").split()]
                for name in ("least independent", "the first ones", "most independent")
            )
            self.assertLess(middle[0], low[0])
            self.assertLess(low[0], high[0])
            for estimate, below, above in (middle, low, high):
                self.assertTrue(below <= estimate <= above)
            self.assertLessEqual(float(row["the least of these"]), middle[1] * 1.1)

    def test_the_error_of_j_is_that_of_solids_relaxed_again(self):
        arguments = ["error", self.results, "--scenario", "pairs", "--solids", "2", "--amorph", AMORPH]
        ((row,),) = self.rows(*arguments)
        self.assertEqual(row["n"], "2")
        for column in ("change/s_1", "unit rows"):
            ends = [float(end) for end in row[column].split(" to ")]
            # Not exactly the same, because the positions differ, and nothing but rounding.
            self.assertTrue(all(0 < end < 1e-10 for end in ends), row)
        s = [np.linalg.svd(one, compute_uv=False) for one in self.stored("pairs/D_n12/jacobian")[:2]]
        self.assertEqual(row["s_min/s_1"], cells.reach([one[-1] / one[0] for one in s], cells.number))
        self.refused("name the program with --amorph", *arguments[:-1], self.folder / "gone")
        self.refused("not a results file", "error", self.measured)

    def test_vanishing_singular_values_grow_in_proportion(self):
        growth, lines = self.rows("disorder", self.results, "--set", SET)
        self.assertEqual([row["modes"] for row in growth], ["8"])
        for name in ("x, least", "x, largest"):
            self.assertAlmostEqual(float(growth[0][name].split()[0]), 1, delta=0.05)
        s = self.stored(f"mixed_delta1e-4/D_n12/{SET}/singular_values")
        self.assertEqual(growth[0]["first/δ"], cells.spread(s[:, 1] / s[:, 0] / 1e-4))
        self.assertEqual([row["δ"] for row in lines], ["0", "0.0001", "0.001", "0.01"])
        self.assertEqual([row["rank"] for row in lines], ["1", "9", "9", "9"])
        self.assertEqual(lines[0]["s_min/s_1"], "rounding")
        self.refused("no scenario with a polydispersity", "disorder", self.results, "--scenario", "pairs")
        order = self.stored("mixed_delta0/solids/local_bond_order")
        self.assertEqual(lines[0]["local order"], cells.spread(order, cells.digits))

    def test_a_crystal_of_rank_1_is_perfect_again(self):
        ((row,),) = self.rows("defects", self.results)
        rank = self.stored(f"broken/D_n12/{SET}/rank")
        self.assertEqual(row["perfect again"], cells.share(rank == 1))
        s = self.stored(f"broken/D_n12/{SET}/singular_values")[rank > 1]
        self.assertEqual(row["s_min/s_1 of these"], cells.spread(s[:, -1] / s[:, 0]))
        healed = self.stored("broken/solids/healed_sites")
        self.assertEqual(row["sites healed"], cells.spread(healed, cells.whole))

    def test_shares_and_medians_are_those_of_the_file(self):
        (rows,) = self.rows("interaction", self.results, "--scenario", "power_alpha2", "--scenario", "power_alpha3")
        self.assertEqual([row["α"] for row in rows], ["2.0", "3.0"])
        for row, name in zip(rows, ("power_alpha2", "power_alpha3")):
            home = f"{name}/D_n12/sweeps"
            causes = self.stored(f"{home}/gamma_star_cause")
            shown = [float(share) for share in row["curvature, contact, rearrangement"][:-2].split(", ")]
            self.assertAlmostEqual(shown[0], 100 * np.mean(causes == 1), delta=0.51)
            lo, hi = np.moveaxis(self.stored(f"{home}/gamma_star"), -1, 0)
            centre = np.median(np.where(np.isfinite(hi), np.sqrt(lo * hi), lo))
            self.assertEqual(row["γ*"].split()[0], cells.number(centre))

    def test_unfinished_solids_are_not_counted(self):
        copy = self.folder / "unfinished.h5"
        self.addCleanup(copy.unlink)
        shutil.copy(self.results, copy)
        with h5py.File(copy, "r+") as file:
            state, replica = file["items/state"][...], file["items/replica"][...]
            state[replica == 0] = 0
            file["items/state"][...] = state
        self.assertEqual({row["n"] for row in self.rows("rank", copy)[0]}, {"2"})
        with h5py.File(copy, "r+") as file:
            file["items/state"][...] = 0
        for name in TABLES:
            self.refused("unfinished.h5: no finished solid for this table", name, copy)


class Cells(unittest.TestCase):
    def test_numbers_have_two_digits(self):
        written = [cells.number(x) for x in (0.4, 63, 8.2e-5, 0.0999, 0, -0.012, 2e12)]
        self.assertEqual(written, ["0.40", "63", "8.2e-5", "1.0e-1", "0.0", "-1.2e-2", "2.0e12"])

    def test_what_does_not_vary_is_one_number(self):
        self.assertEqual(cells.spread([1, 2, 4]), "2.0 (1.0 to 4.0)")
        self.assertEqual(cells.spread([9, 9], cells.whole), "9")
        self.assertEqual(cells.reach([3, 1]), "1 to 3")
        self.assertEqual([cells.whole(x) for x in (23.5, 8, 1e-6)], ["23.5", "8", "1e-6"])
        self.assertEqual(cells.share(np.array([True, False])), "1 of 2")


if __name__ == "__main__":
    unittest.main()
