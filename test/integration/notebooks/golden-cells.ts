/** Cells whose outputs have to be those that Jupyter's own runner writes into the file. */
export const goldenCells: readonly string[] = [
  'print("one")\nprint("two")',
  'import sys\nprint("out", flush=True); print("err", file=sys.stderr, flush=True); print("out again", flush=True)',
  '1 + 1',
  'None',
  '"text with ünïcödé and 😀"',
  'from IPython.display import *\ndisplay(HTML("<b>bold</b>"))\n"and a result"',
  'display(Markdown("# title"), Latex("$x^2$"), JSON({"a": [1, 2, {"b": None}]}))',
  "display(SVG(\"<svg xmlns='http://www.w3.org/2000/svg'><circle r='3'/></svg>\"))",
  `import struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
png = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 2, 2, 8, 0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(b'\\0\\1\\2\\0\\3\\4')) + chunk(b'IEND', b'')
display(Image(data=png, width=20), metadata={'note': 'mine'})`,
  'display({"application/vnd.example.v1+json": {"x": 1}, "text/plain": "fallback"}, raw=True)',
  'handle = display("first", display_id="shared")\nprint("between")\nhandle.update("second")',
  'update_display("third, from another cell", display_id="shared")\nprint("done")',
  'display("again", display_id="shared")',
  'for step in range(3):\n    clear_output(wait=True)\n    print("step", step)',
  'print("gone")\nclear_output()\nprint("stays")',
  'print("stays too")\nclear_output(wait=True)',
  'import time\nfor percent in range(0, 101, 10):\n    print(f"\\r{percent:3}% |{"#" * (percent // 10):10}|", end="", flush=True)\n    time.sleep(0.01)\nprint()',
  'print("a\\bb\\x1b[32mgreen\\x1b[0m")',
  'def fail(n):\n    return 1 / n\nfail(0)',
  'raise ValueError("a sentence\\nwith two lines")',
  'this is no python',
  'print("before")\nimport nowhere_to_be_found',
  'from IPython.display import display\nclass Rich:\n    def _repr_html_(self): return "<i>rich</i>"\n    def __repr__(self): return "poor"\nRich()',
  'class Broken:\n    def __repr__(self): raise RuntimeError("no repr")\nBroken()',
  '%%html\n<p>magic</p>',
  'for line in range(500):\n    print("line", line)',
  'display(display_id="empty", *[1, 2])',
];
