"""Exhibits to try things on: photographs with a free licence, and forgeries made from them on the spot."""

from forensics.demo.exhibits import write_exhibits, write_practice_folder
from forensics.demo.photographs import ATTRIBUTION, FORGERIES, forge, photographs

__all__ = ["ATTRIBUTION", "FORGERIES", "forge", "photographs", "write_exhibits", "write_practice_folder"]
