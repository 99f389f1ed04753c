"""What the prose of lessons and pages may not do. Each function returns the offenses it finds."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from nbformat import NotebookNode

from tools.notebooks import uses_medmnist

# Decimals, percentages, three digits and more (but years), "12 times faster".
NUMBER = re.compile(
    r"(?<![\w.,/-])(?!(?:19|20)\d\d(?![\d.,]\d|\s?%))(\d[\d,]*\.\d+|\d[\d,]*(?=\s?%)|\d{3,}|\d{1,3}(?:,\d{3})+"
    r"|\d+(?= times\b))(?![\w/]|\.\d)"
)
NOT_PROSE = [
    re.compile(r"<details>.*?</details>", re.S),  # solutions: run by test_notebooks
    re.compile(r"\$\$.*?\$\$", re.S),
    re.compile(r"(?<!\\)\$[^$\n]+\$"),
    re.compile(r"\{[\w:]+\}`[^`]*`"),  # roles, glue among them
    re.compile(r"`[^`]*`"),
    re.compile(r"\]\([^)]*\)|<https?://[^>]*>|https?://\S+"),
    re.compile(r"^\([\w-]+\)=\s*$", re.M),
    re.compile(r"^\s*\d+\.\s", re.M),
]
CITED = re.compile(r"doi|arXiv|\{cite", re.I)


def without_code(markdown: str) -> str:
    """Return the text without fenced code and formulas; what other directives hold is prose."""
    kept, directives, code = [], [], None
    for line in markdown.splitlines():
        fence, info = re.match(r"\s*(`{3,}|~{3,}|:{3,})?(.*)", line).groups()
        if code:
            code = None if fence == code and not info.strip() else code
        elif not fence:
            kept.append(line)
        elif re.match(r"\{(?!code|math)", info):
            directives.append(fence)
        elif directives and fence == directives[-1] and not info.strip():
            directives.pop()
        else:
            code = fence
    return "\n".join(kept)


def numbers(markdown: str) -> list[float]:
    """Return the numbers that look computed, in prose that cites no publication."""
    found = []
    markdown = without_code(markdown)
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z*\[])|\n\s*\n|\n(?=[-*|] )", markdown):
        if CITED.search(sentence):
            continue
        found.append(sentence)
    text = "\n\n".join(found)
    for pattern in NOT_PROSE:
        text = pattern.sub(" ", text)
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def sections(notebook: NotebookNode) -> Iterator[list[NotebookNode]]:
    """Yield the cells between one heading and the next."""
    section: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.match(r"#+ ", cell.source) and section:
            yield section
            section = []
        section.append(cell)
    yield section


def is_guard(cell: NotebookNode) -> bool:
    """Whether the cell asserts what the prose says."""
    return "guard" in cell.metadata.get("tags", [])


def unguarded_numbers(notebook: NotebookNode) -> list[str]:
    """Return the numbers in a lesson's prose that no guard of their section repeats."""
    offenses = []
    for section in sections(notebook):
        code = "\n".join(cell.source for cell in section if is_guard(cell))
        guarded = {
            float(number.replace("_", ""))
            for number in re.findall(r"(?<![\w.])\d[\d_]*\.?\d*", code)
        }
        for cell in section:
            if cell.cell_type == "markdown":
                for number in numbers(cell.source):
                    if number not in guarded and number / 100 not in guarded:
                        offenses.append(f"{number:g} in: {cell.source[:60]!r}")
    return offenses


def guards_on_simulated_images(notebook: NotebookNode) -> list[str]:
    """Return the guards after MedMNIST is loaded that would judge simulated images as real."""
    offenses, loaded = [], False
    for cell in notebook.cells:
        loaded = loaded or (uses_medmnist(notebook) and "load(" in cell.source)
        if loaded and is_guard(cell) and not re.match(r"if not \w+\.synthetic:\n", cell.source):
            offenses.append(cell.source)
    return offenses


def bad_guards(notebook: NotebookNode) -> list[str]:
    """Return the guards that are shown on the site or assert nothing."""
    return [
        cell.source
        for cell in notebook.cells
        if is_guard(cell)
        and ("assert " not in cell.source or "remove-cell" not in cell.metadata["tags"])
    ]


def figures_without_alt(notebook: NotebookNode) -> list[str]:
    """Return the code cells with an image that has no alt text, or with more than one image."""
    offenses = []
    for cell in notebook.cells:
        images = 0
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if any(kind.startswith("image/") for kind in data):
                images += 1
                if not output.metadata.get("image/png", {}).get("alt", "").strip():
                    offenses.append(f"no alt text: {cell.source[:60]!r}")
            for image in BeautifulSoup(data.get("text/html", ""), "html.parser").find_all("img"):
                if not image.get("alt", "").strip():
                    offenses.append(f"no alt text: {cell.source[:60]!r}")
        if images > 1:
            offenses.append(f"{images} figures in one cell: {cell.source[:60]!r}")
    return offenses


def stored_troubles(notebook: NotebookNode) -> list[str]:
    """Return the stored errors, stderr and scripts."""
    offenses = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            expected = "raises-exception" in cell.metadata.get("tags", [])
            if output.output_type == "error" and not expected:
                offenses.append(f"an error, {output.ename}: {cell.source[:60]!r}")
            if output.get("name") == "stderr":
                offenses.append(f"stderr: {cell.source[:60]!r}")
            if "<script" in output.get("data", {}).get("text/html", ""):
                offenses.append(f"a script: {cell.source[:60]!r}")
    return offenses
