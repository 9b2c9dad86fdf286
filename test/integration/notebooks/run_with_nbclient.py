"""Runs cells with Jupyter's own runner and prints the notebook that it writes: the peer of the golden comparison."""

import json
import sys

import nbformat
from nbclient import NotebookClient

cells = json.load(sys.stdin)
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=60).execute()
json.dump(
    [{"outputs": cell.outputs, "execution_count": cell.execution_count} for cell in notebook.cells], sys.stdout
)
