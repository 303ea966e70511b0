"""The training configuration: one TOML file, every value checked when it is read."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from forensics.models.weights import BranchSpec
from forensics.training.makers.reconstruction import UPSAMPLINGS, AutoencoderSpec

__all__ = [
    "AutoencoderConfig",
    "Config",
    "DataConfig",
    "ForgeryConfig",
    "LossConfig",
    "OptimiserConfig",
    "leave_out",
    "read_config",
]

T = TypeVar("T")


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
class AutoencoderConfig:
    """The auto-encoders of the maker ``reconstruction``, trained before the branches.

    Parameters
    ----------
    specs : tuple of AutoencoderSpec
    steps, batch : int
        Of each.
    states : int
        How many states of each, from the end of its training, serve as a decoder of their own; at most `steps` and 10.
    tile : int
        Side of a crop, a multiple of 8, at most 256.
    lr : float
    """

    specs: tuple[AutoencoderSpec, ...] = ()
    steps: int = 400
    batch: int = 16
    states: int = 1
    tile: int = 96
    lr: float = 2e-3


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
    data, forgeries, loss, optimiser, autoencoders, statistics
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
    autoencoders: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    statistics: StatisticsConfig = field(default_factory=StatisticsConfig)

    @property
    def counted(self) -> "Config":
        """The same run with the families that statistical branches are fitted to."""
        shares = self.statistics.shares or self.forgeries.shares
        return replace(self, forgeries=replace(self.forgeries, shares=shares))

    def sha256(self) -> str:
        """Return the digest of all values, sorted; comments and layout of the file do not count."""
        return digest_of(asdict(self))


def digest_of(parts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of JSON values, keys sorted: what depends on these parts and on nothing else bears it in its name."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=dict).encode()).hexdigest()


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
    tables = [f.name for f in fields(Config) if f.name not in SCALARS]
    for key, value in record.items():
        if isinstance(value, dict) and key not in tables:
            close = difflib.get_close_matches(key, tables, n=1)
            hint = f"Did you mean [{close[0]}]?" if close else "Choose one of these."
            raise ValueError(f"unknown table [{key}]; known: {', '.join(tables)}. {hint}")
    branches = {str(k): _make(BranchSpec, v, f"branches.{k}") for k, v in _table(record, "branches").items()}
    return _make(
        Config,
        {
            **{k: v for k, v in record.items() if not isinstance(v, dict)},
            "branches": branches,
            "autoencoders": _autoencoders(record.get("autoencoders", {})),
            "data": _make(DataConfig, _table(record, "data"), "data"),
            "forgeries": _forgeries(_table(record, "forgeries")),
            "loss": _make(LossConfig, record.get("loss", {}), "loss"),
            "optimiser": _optimiser(_table(record, "optimiser")),
            "statistics": _statistics(record.get("statistics", {})),
        },
        "the file",
    )


SCALARS = ("name", "licence", "seed")
KINDS: Mapping[object, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
# What else goes with a family, because it would still show what a run is to be denied.
GOES_WITH = {"reconstruction": ("redrawing",)}


def leave_out(config: Config, name: str) -> Config:
    """Return the configuration without one family of forgeries, or with one more source withheld.

    Parameters
    ----------
    config : Config
    name : str
        A family of `forgeries.shares`, whose share goes to the others in proportion; or a source of `data.train`. With
        ``reconstruction`` goes ``redrawing``, which draws with the same decoders.

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


def _table(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = record.get(name)
    if not isinstance(table, dict):
        raise ValueError(f"the table [{name}] is missing. Compare with configs/starter.toml.")
    return table


def _make(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a record from a table; an unknown key gets a suggestion."""
    known = [f.name for f in fields(cls)]  # type: ignore[arg-type]  # only dataclasses are passed
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else " Choose one of these."
            raise ValueError(f"unknown key {key!r} in {where}; known: {', '.join(known)}.{hint}")
    for f in fields(cls):  # type: ignore[arg-type]  # only dataclasses are passed
        if f.name in values and f.type in KINDS and not _is(values[f.name], f.type):
            raise ValueError(f"{where}: {f.name} must be {KINDS[f.type]}, got {values[f.name]!r}. Correct it.")
    frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return cls(**frozen)
    except TypeError as err:
        raise ValueError(f"{where}: {err}. Compare with configs/starter.toml.") from err


def _is(value: object, kind: object) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind


def _optimiser(table: Mapping[str, Any]) -> OptimiserConfig:
    config = _make(OptimiserConfig, table, "optimiser")
    for key, value, least in (("steps", config.steps, 1), ("pairs", config.pairs, 1), ("warmup", config.warmup, 0)):
        if value < least:
            raise ValueError(f"optimiser.{key} must be {least} or more, got {value}. Correct it.")
    return config


def _autoencoders(table: Mapping[str, Any]) -> AutoencoderConfig:
    specs = [_make(AutoencoderSpec, spec, "autoencoders.specs") for spec in table.get("specs", [])]
    config = _make(AutoencoderConfig, {**table, "specs": specs}, "autoencoders")
    if config.tile % 8 or not 32 <= config.tile <= 256:
        raise ValueError(f"autoencoders.tile must be a multiple of 8 and 32 to 256, got {config.tile}. Use 96.")
    for spec in specs:
        if not 1 <= spec.halvings <= 3 or spec.latent < 1 or spec.upsampling not in UPSAMPLINGS:
            raise ValueError(
                f"an auto-encoder has 1 to 3 halvings, a latent of 1 or more and upsampling one of "
                f"{', '.join(UPSAMPLINGS)}; got {spec}. Correct [[autoencoders.specs]]."
            )
    return config


def _statistics(table: Mapping[str, Any]) -> StatisticsConfig:
    config = _make(StatisticsConfig, table, "statistics")
    if config.shares:
        _check_shares(config.shares, "statistics")
    return config


def _forgeries(table: Mapping[str, Any]) -> ForgeryConfig:
    config = _make(ForgeryConfig, table, "forgeries")
    _check_shares(config.shares, "forgeries")
    for key, side in (("tile", config.tile), ("late_tile", config.late_tile)):
        if not 32 <= side <= 192 or side % 2:
            raise ValueError(f"forgeries.{key} must be even and 32 to 192, got {side}. Use 128.")
    return config


def _check_shares(shares: Mapping[str, float], table: str) -> None:
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-6 or min(shares.values()) < 0:
        raise ValueError(f"the shares in [{table}.shares] must be 0 or more and sum to 1, got {total:g}. Adjust them.")
