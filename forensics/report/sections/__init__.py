"""The numbered parts of a report. A section is a pure function from a `Context` to a `Section`; a profile names its sections."""

from collections.abc import Callable
from typing import TypeAlias

from forensics.registry import Registry
from forensics.report.blocks import Section
from forensics.report.context import Context
from forensics.report.sections.conclusion import alternatives, conclusion, limits, review
from forensics.report.sections.exhibits import custody, exhibits
from forensics.report.sections.explanation import explanation
from forensics.report.sections.findings import findings
from forensics.report.sections.front import case, question, summary
from forensics.report.sections.method import method, repeat
from forensics.report.sections.origin import provenance, suitability
from forensics.report.sections.strength import robustness, strength
from forensics.report.sections.validation import validation

__all__ = ["SECTIONS", "SectionMaker"]

SectionMaker: TypeAlias = Callable[[Context], Section]

SECTIONS: Registry[SectionMaker] = Registry("sections")
SECTIONS.add("summary", summary)
SECTIONS.add("case", case)
SECTIONS.add("question", question)
SECTIONS.add("exhibits", exhibits)
SECTIONS.add("custody", custody)
SECTIONS.add("suitability", suitability)
SECTIONS.add("provenance", provenance)
SECTIONS.add("method", method)
SECTIONS.add("findings", findings)
SECTIONS.add("strength", strength)
SECTIONS.add("explanation", explanation)
SECTIONS.add("robustness", robustness)
SECTIONS.add("validation", validation)
SECTIONS.add("conclusion", conclusion)
SECTIONS.add("limits", limits)
SECTIONS.add("alternatives", alternatives)
SECTIONS.add("review", review)
SECTIONS.add("repeat", repeat)
