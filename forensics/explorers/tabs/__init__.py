"""The tabs of an explorer: each binds widgets to the state and computes what it shows when it comes into view."""

from forensics.explorers.tabs.compare import CompareTab
from forensics.explorers.tabs.desk import Desk, Tab
from forensics.explorers.tabs.overview import MetadataTab, OverviewTab
from forensics.explorers.tabs.report import ReportTab
from forensics.explorers.tabs.residuals import ResidualsTab
from forensics.explorers.tabs.robustness import RobustnessTab
from forensics.explorers.tabs.why import WhyTab

__all__ = [
    "CompareTab",
    "Desk",
    "MetadataTab",
    "OverviewTab",
    "ReportTab",
    "ResidualsTab",
    "RobustnessTab",
    "Tab",
    "WhyTab",
]
