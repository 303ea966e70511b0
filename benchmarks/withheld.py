"""What the measurements of a training take from the command line: a configuration, a folder of pictures, weights."""

import argparse
from pathlib import Path

from forensics.detector import starter_files
from forensics.evaluation.labelled import Pictures, split
from forensics.training.config import Config, read_config

__all__ = ["arguments", "sides", "weights_files"]


def arguments(module: str, description: str | None, *names: str) -> argparse.ArgumentParser:
    """Return a parser of CONFIG, --data and --set, and of those of the names that are asked for.

    Parameters
    ----------
    module : str
        Of `benchmarks`.
    description : str
    *names : str
        ``weights``, ``at-most``, ``scores``, ``companion``.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=description)
    parser.add_argument("config", type=Path, help="a TOML file such as configs/starter.toml")
    parser.add_argument("--data", type=Path, required=True, help="a folder of pictures with index.csv")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    if "at-most" in names:
        parser.add_argument("--at-most", type=int, help="pictures per source and class")
    for name, text in (
        ("weights", "a weights file or folder; the shipped starter if not given"),
        ("scores", "keep here what was computed, so that work that was cut off goes on"),
        ("companion", "add what was measured to this companion file of the weights"),
    ):
        if name in names:
            parser.add_argument(f"--{name}", type=Path, help=text)
    return parser


def sides(options: argparse.Namespace) -> tuple[Config, Pictures, Pictures]:
    """Return the configuration, and the pictures of its training side and of its withheld side."""
    config = read_config(options.config, options.set)
    data = config.data
    return config, *split(Pictures.open(options.data), train=data.train, withheld=data.withheld, halved=data.halved)


def weights_files(weights: Path | None) -> list[Path]:
    """Return the files of weights; those of the shipped starter if None."""
    if weights is None:
        return starter_files()
    return sorted(weights.glob("*.safetensors")) if weights.is_dir() else [weights]
