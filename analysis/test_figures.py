"""`amorph-figure`, on results of the real program. `make test` runs this."""

import shutil
import struct
import tempfile
import unittest
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas
from matplotlib.collections import LineCollection, PathCollection

from amorph_analysis.figures import FIGURES, bootstrap, command, source, style, words
from common import BEYOND, amorph, ended

STUDY = """
version = 1
[study]
name = "figures"
replicas = 3
[solid]
dimension = 2
particles = 48
pressure = 0.1
[features]
sets = [["stress"], ["stress", "elastic"]]
[parameters]
species = [4, 12]
[sweep]
set = ["stress", "elastic"]
parameters = ["D_n12"]
directions = 3
[output]
curves = 2
[[scenario]]
name = "packing"
[[scenario]]
name = "smaller"
solid.particles = 32
[[scenario]]
name = "attractive"
solid.B = 0.01
sweep.gamma_max = 1e-4
[[scenario]]
name = "crystal"
solid.structure = "triangular"
sweep.directions = 1
[[scenario]]
name = "Dk"
parameters = { kinds = ["Dk"], species = [4] }
sweep.parameters = []
[[scenario]]
name = "Dk-softer"
solid.pressure = 0.01
parameters = { kinds = ["Dk"], species = [4] }
sweep.parameters = []
"""
SET = "stress+elastic"

# Which figures are drawn from the study of the open questions.
OF_BEYOND = ["allosteric", "spectrum", "disorder", "interaction"]


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        study = cls.folder / "study.toml"
        study.write_text(STUDY)
        cls.results = cls.folder / "results.h5"
        amorph("run", study, "-o", cls.results)
        study.write_text(BEYOND.format(replicas=2))
        cls.beyond = cls.folder / "beyond.h5"
        amorph("run", study, "-o", cls.beyond)
        one = ["--scenario", "packing", "--parameterisation", "D_n12"]
        cls.measured = cls.folder / "one.h5"
        amorph("measure", cls.results, *one, "--replica", "1", "--sweep", "-o", cls.measured)
        cls.design = cls.folder / "design.h5"
        target = ["--target", "K=+1%", "--replica", "0"]
        amorph("design", cls.results, *target, *one, "-o", cls.design)

    def drawn(self, *arguments):
        """The figure of a command line without its output."""
        options = command.parser().parse_args([*map(str, arguments), "-o", "out.pdf"])
        with style.page():
            figure = FIGURES[options.figure]
            opened = getattr(figure, "opened", source.opened)
            with opened(options.files, options.scenario, options.theta) as sources:
                figure = figure.draw(sources, options)
        self.addCleanup(plt.close, figure)
        return figure

    def stored(self, path, file=None):
        with h5py.File(file or self.results) as opened:
            return opened[path][...]

    def refused(self, message, *arguments, output="refused.pdf"):
        output = self.folder / output
        before = sorted(self.folder.iterdir())
        code, _, said = ended(command, *arguments, "-o", output)
        self.assertEqual(code, 2, said)
        self.assertIn(message, said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_every_figure_is_written_in_every_form_and_width(self):
        for name in FIGURES:
            results = {"design": self.design, **dict.fromkeys(OF_BEYOND, self.beyond)}.get(name, self.results)
            for width, inches in style.WIDTHS.items():
                forms = ("pdf", "svg", "png") if width == "column" else ("png",)
                outputs = {form: self.folder / f"{name}-{width}.{form}" for form in forms}
                options = [part for output in outputs.values() for part in ("-o", output)]
                code, _, said = ended(command, name, results, "--width", width, *options)
                self.assertEqual((code, said), (0, ""), name)
                written = {form: output.read_bytes() for form, output in outputs.items()}
                pixels = struct.unpack(">I", written["png"][16:20])[0]
                self.assertEqual(pixels, round(inches * style.SETTINGS["savefig.dpi"]))
                if width == "column":
                    self.assertEqual(written["pdf"][:5], b"%PDF-")
                    # Fonts as TrueType, not as drawings of their letters.
                    self.assertIn(b"/FontFile2", written["pdf"])
                    self.assertNotIn(b"/Type3", written["pdf"])
                    self.assertIn(b"<svg", written["svg"])
                for output in outputs.values():
                    output.unlink()

    def test_the_same_results_make_the_same_file(self):
        for form in ("pdf", "svg", "png"):
            outputs = [self.folder / f"{index}.{form}" for index in range(2)]
            for output in outputs:
                self.assertEqual(ended(command, "4", self.results, "-o", output), (0, "", ""))
            self.assertEqual(*(output.read_bytes() for output in outputs))

    def test_rank_is_the_median_of_the_file_and_arrows_point_to_n_y(self):
        figure = self.drawn("1", self.results, "--set", SET, "--scenario", "packing", "--all")
        axes = figure.axes[0]
        line = axes.lines[0]
        expected = [np.median(self.stored(f"packing/D_n{n}/{SET}/rank")) for n in (4, 12)]
        self.assertEqual(line.get_xydata().tolist(), [[4, expected[0]], [12, expected[1]]])
        self.assertEqual(axes.texts[0].xy[0], 9)
        inset = axes.child_axes[0].lines[0].get_xydata()
        np.testing.assert_allclose(inset, line.get_xydata() / 9)

    def test_only_the_papers_curves_are_drawn_unless_all_are_wanted(self):
        few, all = (self.drawn("1", self.results, *more).axes[0] for more in ([], ["--all"]))
        # packing, smaller and the crystal with stress + elastic; others have no such marker.
        self.assertEqual(len(few.containers), 3)
        # Every scenario with both sets.
        self.assertEqual(len(all.containers), 12)

    def test_susceptibilities_are_means_over_solids_and_zeros_are_counted(self):
        figure = self.drawn(
            "2",
            self.results,
            "--set",
            SET,
            "--theta",
            "D_n12",
            "--scenario",
            "packing",
            "--scenario",
            "crystal",
        )
        plot, zeros, _ = figure.axes
        s = self.stored(f"packing/D_n12/{SET}/singular_values")
        bars = [c for c in plot.collections if isinstance(c, LineCollection)]
        heights = [segment[0][1] for segment in bars[0].get_segments()]
        np.testing.assert_allclose(heights, np.exp(np.log(s).mean(axis=0)))
        rank = self.stored(f"crystal/D_n12/{SET}/rank")
        self.assertLess(rank.max(), 9)
        self.assertEqual([text.get_text() for text in zeros.texts], [f"{9 - rank.mean():.3g}"])

    def test_a_direction_is_drawn_as_it_is_stored(self):
        figure = self.drawn(
            "3", self.results, "--scenario", "packing", "--replica", "1", "--direction", "2"
        )
        home = "packing/D_n12/sweeps"
        valid = self.stored(f"{home}/curve/valid")[1, 2] == 1
        gamma = self.stored(f"{home}/curve/gamma")[valid]
        axes = figure.axes[0]
        for line, name in zip(axes.lines, ["linear_norm", "quadratic", "difference", "norm"]):
            values = self.stored(f"{home}/curve/{name}")[1, 2][valid]
            np.testing.assert_array_equal(line.get_xydata().T, [gamma, values])
        at = [line.get_xdata()[0] for line in axes.lines[4:]]
        lo, hi = self.stored(f"{home}/gamma_star")[1, 2]
        self.assertIn(np.sqrt(lo * hi), at)
        self.assertIn(self.stored(f"{home}/gamma_tilde")[1, 2], at)
        spans = [
            patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches
        ]
        self.assertTrue(any(np.allclose([span.x0, span.x1], [lo, hi]) for span in spans))

    def test_the_panels_end_by_curvature_and_by_a_jump(self):
        figure = self.drawn("3", self.results, "--scenario", "packing")
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        self.assertIn("curvature", titles[0])
        self.assertRegex(titles[1], "rearrangement|contact change")
        self.assertTrue(all("packing, solid" in title for title in titles))

    def test_points_are_s_and_the_centres_of_brackets(self):
        figure = self.drawn("4", self.results, "--scenario", "packing", "--scenario", "attractive")
        for axes, power in zip(figure.axes, (0, 1)):
            found, limits = (
                [c for c in axes.collections if isinstance(c, PathCollection)][i::2] for i in (0, 1)
            )
            for scenario, points, open_ones in zip(("packing", "attractive"), found, limits):
                home = f"{scenario}/D_n12/sweeps"
                s = self.stored(f"{home}/susceptibility")
                lo, hi = np.moveaxis(self.stored(f"{home}/gamma_star"), -1, 0)
                reached = np.isfinite(hi)
                expected = np.stack([s, np.sqrt(lo * hi) * s**power], axis=-1)[reached]
                np.testing.assert_allclose(points.get_offsets(), expected)
                expected = np.stack([s, lo * s**power], axis=-1)[~reached]
                np.testing.assert_allclose(open_ones.get_offsets(), expected)
        # The attractive solids were not swept far enough to find all.
        self.assertGreater(len(limits[1].get_offsets()), 0)

    def test_the_low_band_belongs_to_k(self):
        figure = self.drawn("s3", self.results, "--set", SET)
        axes = figure.axes[0]
        s = self.stored(f"Dk/Dk_n4/{SET}/singular_values")
        right = self.stored(f"Dk/Dk_n4/{SET}/right")
        of_k = (right[:, :, 4:] ** 2).sum(axis=2) > 0.5
        lines = [line.get_xydata() for line in axes.lines if line.get_linestyle() == "None"]
        at = lambda beside: np.concatenate(
            [xy[:, 1] for xy in lines if np.allclose(xy[:, 0], 0.1 * beside)]
        )
        np.testing.assert_allclose(np.sort(at(1.12)), np.sort(s[of_k]))
        np.testing.assert_allclose(np.sort(at(1 / 1.12)), np.sort(s[~of_k]))

    def test_sizes_have_the_medians_of_their_thresholds(self):
        figure = self.drawn("limit", self.results, "--scenario", "packing", "--scenario", "smaller")
        axes = figure.axes[0]
        medians = []
        for scenario in ("smaller", "packing"):
            lo, hi = np.moveaxis(self.stored(f"{scenario}/D_n12/sweeps/gamma_star"), -1, 0)
            medians.append(np.median(np.where(np.isfinite(hi), np.sqrt(lo * hi), lo)))
        points = [container[0].get_xydata()[0].tolist() for container in axes.containers[:2]]
        np.testing.assert_allclose(points, [[32, medians[0]], [48, medians[1]]])
        exponent = np.log(medians[1] / medians[0]) / np.log(48 / 32)
        shown = axes.get_legend().get_texts()[0].get_text()
        self.assertIn(f"$x$ = {exponent:.2f}".replace("-", "−"), shown)

    def test_the_way_of_a_design_ends_at_its_targets(self):
        design = self.design
        upper, lower = self.drawn("design", design).axes
        distance = upper.get_lines()[0].get_ydata()
        self.assertAlmostEqual(distance[0], -0.01 / 1.01, delta=1e-3)
        self.assertAlmostEqual(distance[-1], 0, delta=1e-5)
        heights = [bar.get_height() for bar in lower.patches]
        self.assertEqual(heights, list(self.stored("path/contacts_changed", design)))
        self.refused("no output of `amorph design`", "design", self.results)
        self.refused("one design is drawn", "design", design, design)

    def test_the_first_rows_of_j_are_the_spectra_of_fewer_allosteric_features(self):
        ranks, smallest, choice = self.drawn("allosteric", self.beyond).axes
        jacobian = self.stored("pairs/D_n12/jacobian", self.beyond)
        n, rank = ranks.containers[0][0].get_xydata().T
        np.testing.assert_array_equal(rank, np.minimum(n, 12))
        self.assertEqual(n[-1], 24)
        spectra = [[np.linalg.svd(one[: int(at)], compute_uv=False) for one in jacobian] for at in n]
        expected = [np.median([s[-1] / s[0] for s in solids]) for solids in spectra]
        np.testing.assert_allclose(smallest.containers[0][0].get_ydata(), expected)
        most, first, least = (container[0].get_ydata() for container in choice.containers)
        self.assertTrue((most[1:] > first[1:]).all() and (first > least).all())

    def test_the_whole_spectrum_is_the_median_over_the_solids(self):
        axes = self.drawn("spectrum", self.beyond, "--scenario", "pairs").axes[0]
        s = self.stored("pairs/D_n12/allosteric/singular_values", self.beyond)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), np.median(s / s[:, :1], axis=0))

    def test_vanishing_singular_values_grow_with_the_polydispersity(self):
        axes = self.drawn("disorder", self.beyond).axes[0]
        s = self.stored(f"mixed_delta1e-3/D_n12/{SET}/singular_values", self.beyond)
        line = axes.lines[0].get_xydata()
        self.assertEqual(line[:, 0].tolist(), [1e-4 / 4, 1e-4, 1e-3, 1e-2])
        # Nothing but rounding in the crystal itself.
        self.assertTrue(np.isnan(line[0, 1]))
        self.assertAlmostEqual(line[2, 1], np.median(s[:, 1] / s[:, 0]))
        self.assertIn("8 power laws, exponents\n0.99", axes.get_legend().get_texts()[0].get_text())

    def test_shares_are_the_causes_of_the_file(self):
        shares, gammas, _ = self.drawn("interaction", self.beyond).axes
        causes = self.stored("power_alpha2/D_n12/sweeps/gamma_star_cause", self.beyond)
        curvature = shares.containers[0][0].get_xydata()
        np.testing.assert_allclose(curvature[0], [2, np.mean(causes == 1)])
        lo, hi = np.moveaxis(self.stored("power_alpha2/D_n12/sweeps/gamma_star", self.beyond), -1, 0)
        expected = np.median(np.where(np.isfinite(hi), np.sqrt(lo * hi), lo))
        np.testing.assert_allclose(gammas.containers[0][0].get_ydata()[0], expected)

    def test_measurements_are_drawn_like_ensembles(self):
        figure = self.drawn("2", self.measured)
        bars = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
        heights = [segment[0][1] for segment in bars[0].get_segments()]
        np.testing.assert_allclose(heights, self.stored("singular_values", self.measured))
        figure = self.drawn("3", self.measured, "--direction", "1")
        norm = self.stored("curve/norm", self.measured)[1]
        valid = self.stored("curve/valid", self.measured)[1] == 1
        np.testing.assert_array_equal(figure.axes[0].lines[3].get_ydata(), norm[valid])
        points = self.drawn("4", self.measured).axes[0].collections[0].get_offsets()
        np.testing.assert_allclose(
            np.sort(points[:, 0]), np.sort(self.stored("susceptibility", self.measured))
        )

    def test_unfinished_solids_are_not_drawn(self):
        copy = self.folder / "unfinished.h5"
        self.addCleanup(copy.unlink)
        shutil.copy(self.results, copy)
        with h5py.File(copy, "r+") as file:
            state, replica = file["items/state"][...], file["items/replica"][...]
            state[replica == 0] = 0
            file["items/state"][...] = state
        figure = self.drawn("4", copy, "--scenario", "packing")
        self.assertEqual(len(figure.axes[0].collections[0].get_offsets()), 2 * 3)
        with h5py.File(copy, "r+") as file:
            file["items/state"][...] = 0
        for name in ("1", "2", "3", "4", "s3", "limit"):
            self.refused("unfinished.h5: no ", name, copy)
        shutil.copy(self.beyond, copy)
        with h5py.File(copy, "r+") as file:
            file["items/state"][...] = 0
        for name in OF_BEYOND:
            self.refused("unfinished.h5: no ", name, copy)

    def test_what_cannot_be_drawn_is_one_line(self):
        results, measured = self.results, self.measured
        self.refused("a figure is written as .pdf, .svg, .png", "1", results, output="figure.jpeg")
        self.refused("there is no folder", "1", results, output="nowhere/figure.pdf")
        self.refused("no scenario 'gas' (there are: packing, ", "1", results, "--scenario", "gas")
        self.refused(
            "no parameterisation 'D_n5' (there are: D_n4, ", "4", results, "--theta", "D_n5"
        )
        self.refused("no feature set 'modes' (there are: stress, ", "2", results, "--set", "modes")
        self.refused("no curve of replica 2", "3", results, "--replica", "2")
        self.refused("no scenarios with D and k", "s3", results, "--scenario", "packing")
        self.refused(
            "that differ in the number of particles", "limit", results, "--scenario", "packing"
        )
        self.refused("no finished solid with allosteric features", "allosteric", results)
        self.refused("that differ in polydispersity or defects", "disorder", results)
        self.refused("that differ in the exponent only", "interaction", results)
        self.refused("not a readable HDF5 file", "1", __file__)
        self.refused("there is no such file", "1", self.folder / "gone.h5")
        self.refused("invalid choice", "5", results)
        self.refused("not a results file", "4", results, measured)


class Numbers(unittest.TestCase):
    def test_the_correlation_of_ranks_is_that_of_pandas(self):
        table = pandas.DataFrame({"x": [3, 1, 4, 1, 5, 9, 2, 6], "y": [2, 7, 1, 8, 2, 8, 1, 8]})
        expected = table.corr(method="spearman").loc["x", "y"]
        self.assertAlmostEqual(bootstrap.spearman(table["x"].values, table["y"].values), expected)

    def test_the_interval_covers_the_scatter_of_solids(self):
        generator = np.random.default_rng(5)
        solids = list(generator.normal(size=100))
        estimate, low, high = bootstrap.interval(lambda groups: np.mean(groups[0]), [solids])
        self.assertAlmostEqual(estimate, np.mean(solids))
        # Twice 1.96 standard errors of the mean.
        self.assertAlmostEqual(high - low, 2 * 1.96 * np.std(solids) / 10, delta=0.04)

    def test_numbers_are_written_as_in_papers(self):
        self.assertEqual(words.bracket(6.27e-4, 6.31e-4), r"6.29(2) \times 10^{-4}")
        self.assertEqual(words.scientific(0.001), "10^{-3}")
        self.assertEqual(words.scientific(0.0999999), "10^{-1}")
        self.assertEqual(words.scientific(6.3e-4, ".2f"), r"6.30 \times 10^{-4}")
        self.assertEqual(words.interval(-0.123, -0.2, 0.05), "−0.12 [−0.20, 0.05]")


if __name__ == "__main__":
    unittest.main()
