"""The numbered parts of a report, in order. A section is a pure function from a `Context` to a `Section`."""

from collections.abc import Callable
from typing import TypeAlias

from forensics.registry import Registry
from forensics.report.blocks import Section
from forensics.report.context import Context
from forensics.report.sections.exhibits import exhibits
from forensics.report.sections.explanation import explanation
from forensics.report.sections.findings import findings
from forensics.report.sections.front import question, summary
from forensics.report.sections.limits import alternatives, limits
from forensics.report.sections.method import method, repeat
from forensics.report.sections.strength import scale

__all__ = ["SECTIONS", "SectionMaker"]

SectionMaker: TypeAlias = Callable[[Context], Section]

SECTIONS: Registry[SectionMaker] = Registry("sections")
SECTIONS.add("summary", summary)
SECTIONS.add("question", question)
SECTIONS.add("exhibits", exhibits)
SECTIONS.add("method", method)
SECTIONS.add("findings", findings)
SECTIONS.add("explanation", explanation)
SECTIONS.add("scale", scale)
SECTIONS.add("limits", limits)
SECTIONS.add("alternatives", alternatives)
SECTIONS.add("repeat", repeat)
