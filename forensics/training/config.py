"""The training configuration: one TOML file, every value checked when it is read."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from forensics.errors import RecordError
from forensics.models.weights import BranchSpec
from forensics.records.canonical import canonical_text, digest
from forensics.records.converting import from_record, to_record

__all__ = [
    "Config",
    "DataConfig",
    "ForgeryConfig",
    "LossConfig",
    "OptimiserConfig",
    "leave_out",
    "read_config",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which pictures take part.

    Parameters
    ----------
    train : tuple of str
        Sources whose pictures, of both classes, are trained on.
    withheld : tuple of str
        Sources that no batch ever sees; error rates are quoted from these.
    halved : tuple of str
        Sources with one picture per camera: half of the pictures, chosen by digest, is trained on, the other half is
        withheld.
    """

    train: tuple[str, ...]
    withheld: tuple[str, ...]
    halved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeryConfig:
    """How forgeries are made.

    Parameters
    ----------
    tile : int
        Side of a training tile, even.
    shares : mapping of str to float
        Maker name to its share among the forgeries; ``found`` stands for generator output in the data. Sums to 1.
    independent : float
        Share of pairs whose members get two independent draws of the post-processing.
    late_tile : int
        Side of a tile in the last part of the run, even: nearer to the side that is scored, so that batch norms and
        large kernels meet the zero padding they will have in use. The number of pairs falls, the pixels stay.
    late : float
        Share of the run with `late_tile`.
    """

    tile: int
    shares: Mapping[str, float]
    independent: float = 0.5
    late_tile: int = 192
    late: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Weights of the parts of the loss; see `forensics.training.losses`."""

    smoothing: float = 0.02
    rank: float = 0.3
    rank_margin: float = 0.5
    mask: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiserConfig:
    """AdamW with warm-up and cosine decay, an exponential moving average of the weights beside it.

    `bfloat16` asks for passes in that format where the processor has the instructions; residuals, losses and weights stay
    in float32.
    """

    steps: int
    pairs: int
    lr: float = 1e-3
    final_lr: float = 1e-5
    weight_decay: float = 0.05
    warmup: int = 200
    clip: float = 1.0
    ema: float = 0.998
    group_dropout: float = 0.15
    bfloat16: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsConfig:
    """How statistical branches are fitted; see `forensics.training.statistical`.

    Parameters
    ----------
    pairs : int
        Counted. 0 keeps the head of the weights that a run starts from: a few pictures of one's own fit a worse one.
    tile : int
        Side of a tile, even, at most 192.
    shares : mapping of str to float
        Families, as in `ForgeryConfig`; the same as there if empty.
    """

    pairs: int = 8000
    tile: int = 192
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One training run.

    Parameters
    ----------
    name : str
        Of the weights, for reports.
    licence : str
        Of the weights.
    seed : int
    branches : mapping of str to BranchSpec
    data, forgeries, loss, optimiser, statistics
        See these classes.
    """

    name: str
    licence: str
    seed: int
    branches: Mapping[str, BranchSpec]
    data: DataConfig
    forgeries: ForgeryConfig
    optimiser: OptimiserConfig
    loss: LossConfig = field(default_factory=LossConfig)
    statistics: StatisticsConfig = field(default_factory=StatisticsConfig)

    @property
    def counted(self) -> "Config":
        """The same run with the families that statistical branches are fitted to."""
        shares = self.statistics.shares or self.forgeries.shares
        return replace(self, forgeries=replace(self.forgeries, shares=shares))

    def sha256(self) -> str:
        """Return the digest of all values, sorted; comments and layout of the file do not count."""
        return digest(canonical_text(to_record(self)))


def read_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration.

    Parameters
    ----------
    path : path
        A TOML file.
    overrides : sequence of str
        ``"section.key=value"``, the value in TOML notation: ``"optimiser.steps=100"``.

    Raises
    ------
    ValueError
        A key is unknown, missing or of the wrong kind; the message names it and the keys allowed.
    """
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ValueError(f"{path} cannot be read as TOML: {err}. Start from configs/starter.toml.") from err
    for override in overrides:
        _override(record, override)
    try:
        config = from_record(Config, record, called=str(path), next_step="Compare with configs/starter.toml.")
    except RecordError as err:
        raise ValueError(str(err)) from err
    _check(config)
    return config


# What else goes with a family, because it would still show what a run is to be denied.
GOES_WITH = {"upsample": ("redrawing",)}


def leave_out(config: Config, name: str) -> Config:
    """Return the configuration without one family of forgeries, or with one more source withheld.

    Parameters
    ----------
    config : Config
    name : str
        A family of `forgeries.shares`, whose share goes to the others in proportion; or a source of `data.train`. With
        ``upsample`` goes ``redrawing``, which draws with the same stages.

    Raises
    ------
    ValueError
        It is neither, or nothing would be left.
    """
    shares, data = config.forgeries.shares, config.data
    gone = (name, *GOES_WITH.get(name, ()))
    rest = _without(shares, gone)
    if name in shares and rest:
        return replace(
            config,
            name=f"{config.name} without {name}",
            forgeries=replace(config.forgeries, shares=rest),
            statistics=replace(config.statistics, shares=_without(config.statistics.shares, gone)),
        )
    if name in data.train and len(data.train) > 1:
        others = tuple(source for source in data.train if source != name)
        sides = replace(data, train=others, withheld=(*data.withheld, name))
        return replace(config, name=f"{config.name} without {name}", data=sides)
    raise ValueError(
        f"{name!r} cannot be left out. Choose a family ({', '.join(shares)}) or a source ({', '.join(data.train)})."
    )


def _without(shares: Mapping[str, float], gone: Sequence[str]) -> dict[str, float]:
    """Return the other shares, which sum to 1 again; empty if none is left."""
    total = sum(share for family, share in shares.items() if family not in gone)
    return {family: share / total for family, share in shares.items() if family not in gone} if total > 0 else {}


def _override(record: dict[str, Any], text: str) -> None:
    key, sign, value = text.partition("=")
    *tables, last = key.strip().split(".")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value  # a bare word is text
    if not sign or not last:
        raise ValueError(f"expected section.key=value, got {text!r}. Write for instance optimiser.steps=100.")
    for name in tables:
        record = record.setdefault(name, {})
    record[last] = parsed


def _check(config: Config) -> None:
    """Refuse values of the right kind that no training can use."""
    optimiser, forgeries = config.optimiser, config.forgeries
    numbers = (("steps", optimiser.steps, 1), ("pairs", optimiser.pairs, 1), ("warmup", optimiser.warmup, 0))
    for key, value, least in numbers:
        if value < least:
            raise ValueError(f"optimiser.{key} must be {least} or more, got {value}. Correct it.")
    for key, side in (("tile", forgeries.tile), ("late_tile", forgeries.late_tile)):
        if not 32 <= side <= 192 or side % 2:
            raise ValueError(f"forgeries.{key} must be even and 32 to 192, got {side}. Use 128.")
    _check_shares(forgeries.shares, "forgeries")
    if config.statistics.shares:
        _check_shares(config.statistics.shares, "statistics")


def _check_shares(shares: Mapping[str, float], table: str) -> None:
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-6 or min(shares.values()) < 0:
        raise ValueError(f"the shares in [{table}.shares] must be 0 or more and sum to 1, got {total:g}. Adjust them.")
