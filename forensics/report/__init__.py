"""Findings as one HTML file that is rendered from canonical JSON, and the checks that it is unchanged."""

from forensics.report.blocks import Section
from forensics.report.case import Case
from forensics.report.checks.verification import Verification, read_record, verify_report
from forensics.report.context import Context
from forensics.report.document import write_report
from forensics.report.sections import SECTIONS

__all__ = ["SECTIONS", "Case", "Context", "Section", "Verification", "read_record", "verify_report", "write_report"]
