"""``forensics examine``: the options of the command, one run of it, and going on after one that was cut short."""

from forensics.commands.examining.command import examine

__all__ = ["examine"]
