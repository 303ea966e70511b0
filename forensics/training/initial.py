"""Initial weights of a training, for a laboratory that goes on with pictures of its own."""

import json
import logging
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from forensics.detector import starter_files
from forensics.errors import WeightsMismatchError
from forensics.models.ensemble import Ensemble
from forensics.models.weights import LISTED, BranchSpec, LoadedWeights, read_weights

__all__ = ["STARTER", "branch_tables", "read_initial", "start_from"]

logger = logging.getLogger(__name__)

STARTER = "starter"
# A mask head gives the linear head of its network one more column, the last; see `forensics.models.networks.replknet.RepLKNet`.
MASK_HEAD = "body.mask_head."
LINEAR_HEAD = "body.head.weight"


def read_initial(source: str | PathLike[str]) -> LoadedWeights:
    """Read the weights that a training starts from.

    Unlike those of a detector, their kernels are not merged, so that they can be trained.

    Parameters
    ----------
    source : str or path
        ``"starter"`` for the weights that ship with the package, or a file or folder as in `load_detector`. A folder
        of that name is ``"./starter"``.

    Raises
    ------
    ModelError
        There is no such file.
    WeightsMismatchError
        A file is foreign or damaged.
    """
    return read_weights(starter_files() if source == STARTER else Path(source))


def start_from(ensemble: Ensemble, weights: LoadedWeights) -> None:
    """Give every branch the weights of the branch of the same name, in place.

    A mask head that the weights lack keeps what it has, and a warning is logged; its column of the linear head becomes
    zero, so that the branch scores as the weights do until it is trained.

    Parameters
    ----------
    ensemble : Ensemble
        Unchanged if anything is refused.
    weights : LoadedWeights
        May hold more branches. Those of a detector are merged and do not fit; use `read_initial`.

    Raises
    ------
    WeightsMismatchError
        A branch is missing there or has other tensors; the message names it and up to five keys.
    """
    theirs = dict(weights.ensemble.items())
    for name in ensemble.names:
        if name not in theirs:
            raise WeightsMismatchError(
                f"the initial weights have no branch {name!r}; they have {', '.join(map(repr, theirs))}. "
                "Name the branches of the configuration as there, or leave this one out."
            )
    states = {name: _fitting(name, b.state_dict(), theirs[name].state_dict()) for name, b in ensemble.items()}
    for name, branch in ensemble.items():
        branch.load_state_dict(states[name])
    logger.info(
        "starting from %s (views: %s), sha256 %s", weights.manifest.name, weights.manifest.scheme.kind, weights.sha256
    )


def branch_tables(branches: Mapping[str, BranchSpec]) -> str:
    """Return the branches as the TOML tables of a configuration.

    Parameters
    ----------
    branches : mapping of str to BranchSpec
        Such as ``read_initial("starter").manifest.branches``.
    """
    lines = []
    for name, spec in branches.items():
        arguments = ", ".join(f"{key} = {_toml(value)}" for key, value in spec.arguments.items())
        lines += [f"[branches.{_toml(name)}]", f"architecture = {_toml(spec.architecture)}"]
        lines += [f"arguments = {{ {arguments} }}", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    """Write text, a number, a truth value or a list of these: JSON writes them as TOML does."""
    return json.dumps(value, ensure_ascii=False)


def _fitting(name: str, own: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the tensors for a branch, or say which do not fit."""
    has_mask = any(k.startswith(MASK_HEAD) for k in theirs)
    new = {} if has_mask else {k: v for k, v in own.items() if k.startswith(MASK_HEAD)}
    theirs = {**theirs, **new}
    if new and LINEAR_HEAD in theirs:
        theirs[LINEAR_HEAD] = F.pad(theirs[LINEAR_HEAD], (0, 1))
    wrong = [f"{k} is {_shape(theirs[k])} and not {_shape(v)}" for k, v in own.items() if _differ(theirs.get(k), v)]
    wrong += [f"{k} is surplus" for k in sorted(set(theirs) - set(own))]
    wrong += [f"{k} is missing" for k in sorted(set(own) - set(theirs))]
    if wrong:
        more = f" and {len(wrong) - LISTED} more" if len(wrong) > LISTED else ""
        raise WeightsMismatchError(
            f"the initial weights do not fit the branch {name!r} of the configuration; in them "
            f"{', '.join(wrong[:LISTED])}{more}. Write the branch as 'forensics weights show FILE' prints it for them."
        )
    if new:
        logger.warning(
            "%s: the initial weights have no mask head; it starts from scratch, everything else from the weights", name
        )
    return theirs


def _differ(theirs: Tensor | None, own: Tensor) -> bool:
    return theirs is not None and theirs.shape != own.shape


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"
