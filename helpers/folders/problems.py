"""Everything that is wrong with a folder or a table, said at once."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..datasets import DatasetError


class Kind(NamedTuple):
    """A kind of problem: whether it stops `read`, whether files can be left out, what to do."""

    stops: bool
    remedy: str
    removable: bool = True


KINDS = {
    "no images": Kind(True, "see the path, and the layout in the docstring of read", False),
    "table": Kind(True, "mend the table", False),
    "one class": Kind(True, "bring images of another class", False),
    "unreadable": Kind(True, "export them again, or leave them out"),
    "truncated": Kind(True, "copy them again, or leave them out"),
    "too large": Kind(True, "cut or shrink them, or leave them out"),
    "several images": Kind(True, "write one image to a file, or leave them out"),
    "kind of pixels": Kind(True, "write them as 8 or 16 bit, or leave them out"),
    "missing file": Kind(True, "mend the table, or leave them out"),
    "listed twice": Kind(
        True, "mend the table, or leave out all but the first (of two labels: all)"
    ),
    "no label": Kind(True, "give a label, or leave them out"),
    "misspelled label": Kind(True, "mend it; or say classes=(...) if it is meant"),
    "unknown label": Kind(True, "add it to classes, or leave them out"),
    "unknown split": Kind(True, "say train, validation or test, or leave them out"),
    "no patient": Kind(True, "name a patient, or leave them out"),
    "same image, two labels": Kind(False, "one label is wrong: see which"),
    "patient, two labels": Kind(False, "an error, or two visits: see which"),
    "patient in two parts": Kind(False, "split by patient instead"),
    "copies": Kind(False, "leave out all but the first"),
    "near copies": Kind(False, "look at them; leave out all but the first if they are one image"),
    "DICOM": Kind(False, "see what each says"),
    "constant": Kind(False, "look at them; there is nothing in them"),
    "turned": Kind(False, "look at some"),
    "transparent": Kind(False, "look at some"),
    "colors": Kind(False, "look at some"),
    "wrong type": Kind(False, "nothing: the content counts, not the name"),
    "empty class": Kind(False, "is a file format missing?"),
    "class in one part": Kind(False, "split anew"),
    "few images": Kind(False, "bring more, or join classes"),
    "sizes": Kind(False, "choose fit; can the label be told from the size? See audit"),
    "modes": Kind(False, "can the label be told from them? See audit"),
    "bit depths": Kind(False, "can the label be told from them? See audit"),
    "small": Kind(False, "choose a smaller size"),
    "not taken": Kind(False, "nothing, if they are no cases"),
}


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    files : tuple of str
        Which files, as they are called in the folder or table.
    text : str
        What it is.
    surplus : tuple of str or None
        Which files `leave_out` leaves out; None for all of `files`.
    """

    kind: str
    files: tuple[str, ...]
    text: str
    surplus: tuple[str, ...] | None = None

    @property
    def stops(self) -> bool:
        """Whether `read` refuses the data as long as this is so."""
        return KINDS[self.kind].stops

    @property
    def left_out(self) -> tuple[str, ...]:
        """The files that `leave_out` leaves out."""
        return self.files if self.surplus is None else self.surplus


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What is in a folder or a table, and all that is wrong with it. It prints as a table.

    Attributes
    ----------
    name : str
        Of the folder or table.
    problems : tuple of Problem
        Those that stop `read` first.
    facts : tuple of (str, str)
        What was seen: images, classes, patients, sizes, modes.
    """

    name: str
    problems: tuple[Problem, ...]
    facts: tuple[tuple[str, str], ...]

    def of(self, kind: str) -> list[Problem]:
        """Return the problems of one kind."""
        return [problem for problem in self.problems if problem.kind == kind]

    @property
    def stops(self) -> list[Problem]:
        """The problems that make the data unusable."""
        return [problem for problem in self.problems if problem.stops]

    def _lines(self) -> list[tuple[str, str, str, str]]:
        lines = []
        for kind, (stops, remedy, removable) in KINDS.items():
            problems = self.of(kind)
            if not problems:
                continue
            # "1" where files are no matter, as with a table that is no table.
            count = len({file for problem in problems for file in problem.files}) or len(problems)
            first = problems[0]
            which = f"{first.files[0]}: " if first.files else ""
            if len(first.files) > 1:
                which = f"{', '.join(first.files[:3])}{' ...' if len(first.files) > 3 else ''}: "
            more = f" (and {len(problems) - 1:,} more)" if len(problems) > 1 else ""
            if stops and removable:
                remedy += f' (leave_out=["{kind}"])'
            lines.append(
                (kind + (" !" if stops else ""), f"{count:,}", which + first.text + more, remedy)
            )
        return lines

    def __repr__(self) -> str:
        lines = [f"{self.name}"] + [f"  {name}: {value}" for name, value in self.facts]
        if not self.problems:
            return "\n".join([*lines, "nothing seems wrong"])
        for kind, count, text, remedy in self._lines():
            lines += [f"{kind:24}{count:>8}  {text}", f"{'':34}-> {remedy}"]
        if self.stops:
            lines.append("!: the data can't be used as long as this is so")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        facts = "; ".join(f"{name}: {value}" for name, value in self.facts)
        head = "".join(
            f'<th scope="col">{n}</th>' for n in ("problem", "files", "what", "what to do")
        )
        body = "".join(
            f'<tr><th scope="row">{html.escape(kind)}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for kind, *cells in self._lines()
        )
        return (
            f"<table><caption>{html.escape(f'{self.name}: {facts}')}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


class FolderError(DatasetError):
    """A folder or table can't be used as it is; the message is the report, and so is `report`."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def need_kinds(leave_out: Sequence[str]) -> None:
    """Raise ValueError unless these are kinds of problems whose files can be left out."""
    removable = [kind for kind, facts in KINDS.items() if facts.removable]
    if isinstance(leave_out, str):
        raise ValueError(f'leave_out="{leave_out}"; give a list: leave_out=["{leave_out}"]')
    for kind in leave_out:
        if kind not in removable:
            raise ValueError(f"leave_out names {kind!r}; choose from {', '.join(removable)}")
