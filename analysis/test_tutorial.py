"""docs/tutorial.ipynb runs from its first cell to its last, in an empty folder."""

import os
import tempfile
import unittest
from unittest import mock

import nbclient
import nbformat

from common import PATH, ROOT

NOTEBOOK = ROOT / "docs/tutorial.ipynb"


class Tutorial(unittest.TestCase):
    def test_every_cell_runs_and_the_last_one_draws(self):
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, PATH=PATH):
            resources = {"metadata": {"path": folder}}
            nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
        outputs = [cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"]
        self.assertTrue(any("image/png" in output.get("data", {}) for output in outputs[-1]))


if __name__ == "__main__":
    unittest.main()
