"""What tests/report.rs asks of a page: it is read as XML, so it is well-formed.

    report.py page PAGE                 fails where the page is not self-contained; prints its text
    report.py statistics PAGE JSON      fails where a number of the tables is not that of `stats --json`
    report.py picture PNG               fails where the screenshot shows no figures
"""

import json
import re
import sys
from xml.etree import ElementTree

FOREIGN = {"script", "link", "iframe", "img", "image", "object", "embed", "video", "audio", "use"}


def local(name):
    return name.rpartition("}")[2]


def read(path):
    root = ElementTree.parse(path).getroot()
    assert local(root.tag) == "html", root.tag
    return root


def page(path):
    root = read(path)
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identities) == len(set(identities)), "an id stands twice"
    for element in root.iter():
        name = local(element.tag)
        assert name not in FOREIGN, f"<{name}> brings something from elsewhere"
        for key, value in element.attrib.items():
            key = local(key)
            assert key not in ("src", "srcset", "action") and not key.startswith("on"), (name, key)
            if key == "href":
                assert value[0] == "#" and value[1:] in identities, f"a link to {value}"
            assert "url(" not in value, value
        if name == "style":
            assert not re.search(r"url\(|@import", element.text), "the style brings something"
    print("sections", *(element.get("id") for element in root.iter("section")))
    print("figures", sum(1 for _ in root.iter("figure")))
    print(" ".join("".join(root.itertext()).split()))


def table(root, identity):
    """The rows of a table, each a dictionary by its heads: text, or the whole number."""
    found = next(element for element in root.iter("table") if element.get("id") == identity)
    heads = ["".join(cell.itertext()) for cell in found.find("thead/tr")]
    rows = []
    for row in found.findall("tbody/tr"):
        cells = []
        for cell in row:
            number = cell.find("data")
            cells.append("".join(cell.itertext()) if number is None else float(number.get("value")))
        assert len(cells) == len(heads), (heads, cells)
        rows.append(dict(zip(heads, cells)))
    return rows


def same(found, expected):
    expected = float("nan") if expected is None else float(expected)
    assert found == expected or (found != found and expected != expected), (found, expected)


def statistics(path, json_path):
    root = read(path)
    with open(json_path) as file:
        expected = json.load(file)
    at = {p: index for index, p in enumerate(expected["probabilities"])}
    thetas = [(s["name"], t) for s in expected["scenarios"] for t in s["parameterisations"]]
    compared = intervals = 0

    def compare(found, value):
        nonlocal compared
        same(found, value)
        compared += 1

    rows = iter(table(root, "ranks-table"))
    for name, theta in thetas:
        for features in theta["sets"]:
            row = next(rows)
            assert (row["scenario"], row["θ"], row["features"]) == (name, theta["name"], features["name"])
            compare(row["n_y"], features["features"])
            compare(row["n_θ"], theta["parameters"])
            compare(row["full rank"], features["full_rank"])
            for head, p in [("s min", 0.0), ("s 5%", 0.05), ("s 50%", 0.5), ("s 95%", 0.95), ("s max", 1.0)]:
                compare(row[head], features["singular_values"]["quantiles"][at[p]])
            compare(row["min/max"], features["condition"]["quantiles"][0])
    assert next(rows, None) is None
    median = at[0.5]

    def interval(row, ends):
        compare(row["50% from"], ends[median][0])
        compare(row["50% to"], ends[median][1])

    def estimate(row, name, value):
        for head, end in zip(("lower", "upper", "from", "to"), [value["lower"], value["upper"], *value["interval"]]):
            compare(row[f"{name} {head}"], end)

    rows = iter(table(root, "modes-table"))
    for name, theta in thetas:
        for features in theta["sets"]:
            for mode, of in enumerate(features["by_mode"]):
                row = next(rows)
                assert (row["scenario"], row["features"], row["mode"]) == (name, features["name"], mode)
                compare(row["s 50%"], of["quantiles"][median])
                interval(row, of["intervals"])
    assert next(rows, None) is None
    rows = iter(table(root, "power-laws-table"))
    for scan in expected["power_laws"]:
        for theta in scan["parameterisations"]:
            laws = [law for features in theta["sets"] for law in features["singular_values"]]
            for law in laws + (theta["sweeps"] or []):
                row = next(rows)
                assert (row["against"], row["θ"]) == (scan["symbol"], theta["name"])
                compare(row["points"], law["points"])
                estimate(row, "exponent", law["exponent"])
    assert next(rows, None) is None
    swept = [(name, theta) for name, theta in thetas if theta["sweeps"]]
    signs = {"γ*": "gamma_star", "γ_c": "gamma_contact", "γ_r": "gamma_rearrangement", "ζ": "zeta"}
    rows = iter(table(root, "thresholds-table"))
    for name, theta in swept:
        for sign, key in signs.items():
            row, bounds = next(rows), theta["sweeps"][key]
            assert (row["scenario"], row["θ"], row["threshold"]) == (name, theta["name"], sign)
            compare(row["directions"], bounds["count"])
            compare(row["censored"], sum(bounds["censored"]))
            for end in ("lower", "upper"):
                for p in (0.05, 0.5, 0.95):
                    compare(row[f"{end} {100 * p:.0f}%"], bounds[end][at[p]])
            interval(row, bounds["intervals"])
    assert next(rows, None) is None
    for (name, theta), row in zip(swept, table(root, "tilde-table"), strict=True):
        for p in (0.05, 0.5, 0.95):
            compare(row[f"γ̃ {100 * p:.0f}%"], theta["sweeps"]["gamma_tilde"]["quantiles"][at[p]])
    rows = iter(table(root, "correlations-table"))
    for name, theta in swept:
        of = theta["sweeps"]["correlations"]
        for key in ("gamma_star", "zeta", "zeta_shuffled", "zeta_minus_shuffled"):
            row = next(rows)
            assert (row["scenario"], row["directions"]) == (name, of["directions"])
            estimate(row, "Spearman", of[key]["spearman"])
            estimate(row, "Pearson", of[key]["pearson"])
            low, high = of[key]["spearman"]["interval"]
            if low is not None:
                assert low <= high, "an interval upside down"
                intervals += 1
    assert next(rows, None) is None
    for (name, theta), row in zip(swept, table(root, "cost-table"), strict=True):
        for head in ("steps", "relaxations", "factorisations", "force evaluations"):
            compare(row[head], theta["sweeps"]["cost"][head.replace(" ", "_")])
    for (name, theta), row in zip(swept, table(root, "causes-table"), strict=True):
        counts = list(row.values())[3:]
        for found, value in zip(counts, theta["sweeps"]["causes"]["gamma_star"][1:], strict=True):
            compare(found, value)
    print("compared", compared, "intervals", intervals)


def picture(path):
    import matplotlib.image
    import numpy as np

    pixels = np.round(matplotlib.image.imread(path)[..., :3] * 255).astype(int)
    # The first colours of the figures: every one must be seen.
    for colour in [(0, 114, 178), (213, 94, 0), (0, 158, 115)]:
        close = np.abs(pixels - colour).max(axis=2) < 12
        assert close.sum() > 300, f"only {close.sum()} pixels of the colour {colour}"
    print("size", *pixels.shape[:2], "inked", round(float((pixels.min(axis=2) < 250).mean()), 3))


if __name__ == "__main__":
    {"page": page, "statistics": statistics, "picture": picture}[sys.argv[1]](*sys.argv[2:])
