"""The glossary: terms in order, each with its Chinese name and a page that explains it."""

import re

import pytest

from tools import links, markdown
from tools import terms as tool
from tools.markdown import slug
from tools.notebooks import LESSONS, ROOT, book_pages, lesson_paths

BOOK = ROOT / "book"
PAGE = BOOK / "reference" / "glossary.md"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
READERS = [*book_pages(), *lesson_paths()]


def terms(text):
    """Return (term, explanation) for each."""
    parts = re.split(r"^### (.+)$", text, flags=re.M)[1:]
    return [
        (term.strip(), re.sub(r"^## .*", "", body, flags=re.M).strip())
        for term, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def faults(text):
    """Return what is wrong with the glossary."""
    problems = []
    names = [term for term, _ in terms(text)]
    if names != sorted(names, key=str.lower):
        problems.append("the terms are not in alphabetical order")
    if len({slug(name) for name in names}) < len(names):
        problems.append("two terms have the same anchor")
    own = {slug(name) for name in names}
    for term, body in terms(text):
        chinese, _, explanation = body.partition(". ")
        if not CHINESE.search(chinese):
            problems.append(f"{term}: no Chinese name before the first full stop")
        if not re.search(r"^→ \[.+\]\(.+\)$", body, re.M):
            problems.append(f"{term}: no page that explains it")
        for _, target, _ in markdown.links(explanation):
            if target.startswith("#"):
                if target[1:] not in own:
                    problems.append(f"{term}: {target} is no term")
            elif problem := links.trouble(PAGE, target):
                problems.append(f"{term}: {problem}")
    return problems


def test_glossary():
    text = PAGE.read_text(encoding="utf-8")
    assert faults(text) == []
    assert len(terms(text)) > 80


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("特征图. ", "feature map. "),
        ("### accuracy", "### zebra"),
        ("(#relu)", "(#rilu)"),
        ("pooling.ipynb", "nowhere.ipynb"),
        ("→ [Pooling]", "see [Pooling]"),
        ("### weight decay", "### weight"),
    ],
    ids=["no Chinese", "order", "no such term", "no such lesson", "no page", "twice"],
)
def test_a_planted_fault_is_found(old, new):
    text = PAGE.read_text(encoding="utf-8")
    assert old in text
    assert faults(text.replace(old, new, 1))


# ---- Links to terms, and all other links in pages and lessons ------------------------------


@pytest.mark.parametrize("path", READERS, ids=lambda path: path.stem)
def test_links(path):
    assert links.offenses(path) == []


def test_a_planted_broken_link_is_found():
    lesson = LESSONS / "convolution.ipynb"
    good = "A [feature map](../book/reference/glossary.md#feature-map)."
    assert links.broken(lesson, good) == []
    ((line, problem),) = links.broken(lesson, "\n" + good.replace("feature-map)", "feature-mop)"))
    assert line == 2
    assert problem.endswith("no heading with that anchor; is it feature-map?")
    ((_, problem),) = links.broken(lesson, good.replace("glossary", "glossery"))
    assert problem.endswith("no such file; is it glossary.md?")


# ---- The first use of each term is linked --------------------------------------------------


def test_anchors_are_those_of_the_headings():
    names = tool.names(PAGE.read_text(encoding="utf-8"))
    assert {slug(term) for term, _ in terms(PAGE.read_text("utf-8"))} == set(names.values())
    assert names["CNN"] == "convolutional-neural-network"
    assert names["fully connected layer"] == "dense-layer"


def linked(path, text=None):
    """Return a page, or the Markdown cells of a lesson, as it stands and as it should be."""
    if path.suffix == ".md":
        text = text or path.read_text(encoding="utf-8")
        return text, tool.link_page(text, path)
    cells = list(markdown.parts(path).values()) if text is None else [text]
    return cells, tool.link_cells(cells)


@pytest.mark.parametrize(
    "path", [path for path in READERS if path != PAGE], ids=lambda path: path.stem
)
def test_first_use_of_each_term_is_linked(path):
    """If not: `python -m tools.notebooks --normalise` for lessons, `python -m tools.pages`."""
    now, should = linked(path)
    assert now == should


@pytest.mark.parametrize(
    "planted",
    [
        lambda text: re.sub(r"\[(\w+)\]\([^()]*glossary\.md#[\w-]+\)", r"\1", text, count=1),
        lambda text: text + "\nA [kernel](../reference/glossary.md#kernel) once more.\n",
        lambda text: text + "\nThe source names the Hounsfield unit.\n",
        lambda text: text + "\nA [kurnel](../reference/glossary.md#kurnel).\n",
    ],
    ids=["no link", "linked twice", "new term", "term that is gone"],
)
def test_a_planted_use_is_found(planted):
    path = BOOK / "concepts" / "convolution.md"
    now, should = linked(path)
    assert now == should
    now, should = linked(path, planted(now))
    assert now != should


def to(term):
    return f"(../book/reference/glossary.md#{term})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A kernel. A kernel.", f"A [kernel]{to('kernel')}. A kernel."),
        (
            "*Biases* of CNNs",
            f"*[Biases]{to('bias')}* of [CNNs]{to('convolutional-neural-network')}",
        ),
        ("two matrices", "two matrices"),
        ("Confusion matrices", f"[Confusion matrices]{to('confusion-matrix')}"),
        # The longer term, also over two lines.
        ("max pooling, pooling", f"[max pooling]{to('max-pooling')}, [pooling]{to('pooling')}"),
        ("a learning\nrate", f"a [learning\nrate]{to('learning-rate')}"),
        ("an image\n\nkernel", f"an image\n\n[kernel]{to('kernel')}"),
        # Words that only look like one.
        ("kernel-wise subclass, adam, mr", "kernel-wise subclass, adam, mr"),
        ("Recall that float32 precision", "Recall that float32 precision"),
        # Not prose.
        ("# Kernel\n`kernel` $kernel$ <kernel>", "# Kernel\n`kernel` $kernel$ <kernel>"),
        ("[the kernel](x.md), kernel", f"[the kernel](x.md), [kernel]{to('kernel')}"),
        ("![a kernel](x.png)\n$$\nkernel\n$$", "![a kernel](x.png)\n$$\nkernel\n$$"),
        ("```python\nkernel\n```\nstride", f"```python\nkernel\n```\n[stride]{to('stride')}"),
        ("```{tip} A kernel\nstride\n```", f"```{{tip}} A kernel\n[stride]{to('stride')}\n```"),
        (":::{card}\n:link: x\nkernel\n:::", ":::{card}\n:link: x\nkernel\n:::"),
        ("| kernel |\n| --- |\n| a kernel |", f"| kernel |\n| --- |\n| a [kernel]{to('kernel')} |"),
        ("<details>\nkernel\n</details>", "<details>\nkernel\n</details>"),
        ("## Further reading\n- On kernels.", "## Further reading\n- On kernels."),
        # A link by hand, with words of its own, is a use; after the first one it goes.
        (f"[window]{to('kernel')}, kernel", f"[window]{to('kernel')}, kernel"),
        (f"kernel, [window]{to('kernel')}", f"[kernel]{to('kernel')}, window"),
    ],
)
def test_link(text, expected):
    assert tool.link_cells([text]) == [expected]
    assert tool.link_cells([expected]) == [expected]


def test_link_over_the_cells_of_a_lesson():
    assert tool.link_cells(["A kernel.", "A kernel, a stride."]) == [
        f"A [kernel]{to('kernel')}.",
        f"A kernel, a [stride]{to('stride')}.",
    ]
    assert tool.link_cells([]) == []
