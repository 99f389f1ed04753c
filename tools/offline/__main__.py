"""Make PDF, EPUB and archive; write down how long it took and how large they are.

`python -m tools.offline` writes `book/reference/offline.json`; the page of run times and, in a
published copy, the first page show it.
"""

import json
import sys
import time

from pypdf import PdfReader

from tools import measure
from tools.offline import archive, epub, pdf
from tools.offline.pages import OUT


def main() -> int:
    """Make and measure all three, or stop at the first that fails."""
    taken = {}
    for name, module in (("pdf", pdf), ("epub", epub), ("archive", archive)):
        start = time.monotonic()
        if module.main():
            return 1
        seconds, bytes_ = time.monotonic() - start, (OUT / module.NAME).stat().st_size
        taken[name] = {"seconds": round(seconds), "megabytes": round(bytes_ / 1e6)}
    taken["pdf"]["pages"] = len(PdfReader(OUT / pdf.NAME).pages)
    measure.OFFLINE.write_text(json.dumps(taken, indent=1) + "\n", encoding="utf-8")
    measure.write_page()
    return 0


if __name__ == "__main__":
    sys.exit(main())
