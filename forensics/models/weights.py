"""Reading and writing weights: our safetensors files, and DeepFakeDefenders checkpoints.

A weights file of ours is a ``.safetensors`` file whose header holds a manifest: per branch the architecture and its
arguments, and for all of them the view scheme, the class order, the licence, and what they were trained on. Nothing
else is needed to build the networks again, and nothing in it can run code.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from forensics.errors import ModelError, UnknownNameError, WeightsMismatchError
from forensics.models.branch import BRANCHES, Branch
from forensics.models.checkpoints import read_checkpoint
from forensics.models.ensemble import Ensemble
from forensics.records.converting import from_record, recorded, to_record
from forensics.records.writing import writing_at
from forensics.reproducibility import file_sha256, joint_sha256
from forensics.views import FixedFrame, ViewScheme

__all__ = [
    "BranchSpec",
    "LoadedWeights",
    "Manifest",
    "convert_weights",
    "read_manifest",
    "read_weights",
    "write_weights",
]

FORMAT = "forensics.weights/1"
CLASS_ORDER = ("real", "fake")
LISTED = 5  # keys named in an error message


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSpec:
    """How one branch is built: a name in `BRANCHES` and the JSON arguments of its builder."""

    architecture: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> Branch:
        """Return the untrained branch."""
        try:
            return BRANCHES[self.architecture](**self.arguments)
        except UnknownNameError as err:
            raise WeightsMismatchError(f"the weights need an architecture that is not installed: {err}") from err
        except (TypeError, ValueError) as err:
            raise WeightsMismatchError(
                f"the architecture {self.architecture!r} does not take the arguments {dict(self.arguments)}: {err}. "
                "Read the weights with the version of forensics that wrote them."
            ) from err


@recorded(constants={"format": FORMAT, "class_order": list(CLASS_ORDER)})
@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All facts about a weights file that are not tensors.

    Parameters
    ----------
    name : str
        For reports: ``"starter 0.1"``.
    branches : mapping of str to BranchSpec
    scheme : Tiles or FixedFrame
        What the branches were trained to look at.
    licence : str
        Of the weights, not of the code.
    training : mapping
        JSON values: digest of the configuration and of the training index, steps, seed.
    """

    name: str
    branches: Mapping[str, BranchSpec]
    scheme: ViewScheme
    licence: str
    training: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return canonical JSON."""
        return json.dumps(to_record(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Return the manifest that `to_json` came from.

        Raises
        ------
        WeightsMismatchError
            Another format, another class order or a field missing.
        """
        try:
            return from_record(cls, json.loads(text))
        except ValueError as err:
            raise WeightsMismatchError(
                f"the manifest in the header cannot be read: {err} "
                "Get the file again, or convert it with 'forensics weights import'."
            ) from err


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedWeights:
    """An ensemble with its weights, and where they came from.

    Parameters
    ----------
    ensemble : Ensemble
        In eval mode, on the CPU, float32.
    manifest : Manifest
    files : mapping of str to str
        File name to the SHA-256 of its bytes.
    """

    ensemble: Ensemble
    manifest: Manifest
    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """One digest for all files; see `forensics.reproducibility.joint_sha256`."""
        return joint_sha256(self.files.values())


def write_weights(path: Path, *, branches: Mapping[str, Branch], manifest: Manifest) -> str:
    """Write branches to one safetensors file and return its SHA-256.

    Raises
    ------
    WeightsMismatchError
        If the manifest and the branches do not name the same branches.
    """
    if set(branches) != set(manifest.branches):
        raise WeightsMismatchError(
            f"the manifest names {sorted(manifest.branches)}, the branches are {sorted(branches)}. Name the same."
        )
    tensors: dict[str, Tensor] = {}
    for name, branch in branches.items():
        for key, value in branch.state_dict().items():
            tensors[f"{name}.{key}"] = value.detach().cpu().contiguous().clone()
    with writing_at(path) as place:
        save_file(tensors, str(place), metadata={"manifest": manifest.to_json()})
    return file_sha256(path)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in a safetensors header, without reading a tensor."""
    with _opened(path) as file:
        metadata = file.metadata() or {}
        if "manifest" not in metadata:
            raise WeightsMismatchError(
                f"{path.name} is a safetensors file without a forensics manifest; it holds "
                f"{_listed(file.keys())}. Use a file written by 'forensics train' or 'forensics weights import'."
            )
        return Manifest.from_json(metadata["manifest"])


def read_weights(source: Path | Mapping[str, Path] | Sequence[Path]) -> LoadedWeights:
    """Build the networks that the files describe and fill them.

    Parameters
    ----------
    source : path, sequence of paths, or mapping of branch name to path
        ``.safetensors`` files of ours, a folder of them, or DeepFakeDefenders checkpoints (``.pth``): merged, or one
        per branch.

    Raises
    ------
    WeightsMismatchError
        A file is foreign, damaged, or does not fit: the message names the keys.
    """
    if isinstance(source, Mapping):
        parts = [_read_file(path, branch=name) for name, path in source.items()]
    else:
        parts = [_read_file(path) for path in _files(source)]
    branches: dict[str, Branch] = {}
    specs: dict[str, BranchSpec] = {}
    files: dict[str, str] = {}
    for path, manifest, built in parts:
        repeated = sorted(set(branches) & set(built))
        if repeated or manifest.scheme != parts[0][1].scheme:
            reason = f"brings the branch {repeated[0]!r} again" if repeated else "looks at other views than the first"
            raise WeightsMismatchError(f"{path.name} {reason}. Give each branch once, all trained on the same views.")
        branches.update(built)
        specs.update(manifest.branches)
        files[path.name] = file_sha256(path)
    first = parts[0][1]
    merged = Manifest(
        name=first.name, branches=specs, scheme=first.scheme, licence=first.licence, training=first.training
    )
    return LoadedWeights(ensemble=Ensemble(branches).eval(), manifest=merged, files=files)


def convert_weights(
    source: Path | Mapping[str, Path], out: Path, *, name: str | None = None, licence: str | None = None
) -> str:
    """Write weights that `read_weights` can read as one safetensors file of ours.

    Parameters
    ----------
    source : path, or mapping of branch name to path
    out : path
        Must end in ``.safetensors`` and not exist.
    name, licence : str, optional
        For the manifest; the names of the files, and what they say themselves, if not given.

    Returns
    -------
    str
        SHA-256 of the new file.

    Raises
    ------
    ModelError
        The file exists, has another ending, or cannot be written.
    WeightsMismatchError
        As in `read_weights`.
    """
    if out.suffix != ".safetensors" or out.exists():
        reason = "exists already" if out.exists() else "does not end in .safetensors"
        raise ModelError(f"{out} {reason}. Name another file.")
    loaded = read_weights(source)
    manifest = replace(
        loaded.manifest,
        name=name or ", ".join(loaded.files),
        licence=licence or loaded.manifest.licence,
        training={**loaded.manifest.training, "converted_from": dict(loaded.files)},
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return write_weights(out, branches=dict(loaded.ensemble.items()), manifest=manifest)
    except (OSError, SafetensorError) as err:
        raise ModelError(f"{out} cannot be written: {err}. Choose a writable folder.") from err


def _files(source: Path | Sequence[Path]) -> list[Path]:
    if not isinstance(source, Path):
        files = list(source)
    elif source.is_dir():
        files = sorted(source.glob("*.safetensors"))
    else:
        files = [source]
    if not files:
        raise WeightsMismatchError(f"no .safetensors file in {source}. Name a weights file or a folder that has some.")
    return files


def _read_file(path: Path, *, branch: str | None = None) -> tuple[Path, Manifest, dict[str, Branch]]:
    if not path.is_file():
        raise ModelError(f"there is no weights file at {path}. Check the path; 'forensics weights list' shows ours.")
    if _is_safetensors(path):
        manifest = read_manifest(path)
        with _opened(path) as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a mapping
        if branch is not None and branch not in manifest.branches:
            raise WeightsMismatchError(
                f"{path.name} holds the branches {sorted(manifest.branches)}, not {branch!r}. Name one of these."
            )
    else:
        specs, tensors = read_checkpoint(path, branch=branch)
        manifest = Manifest(
            name="DeepFakeDefenders checkpoint",
            branches={name: BranchSpec(architecture=a, arguments=kw) for name, (a, kw) in specs.items()},
            scheme=FixedFrame(),
            licence="as stated by whoever trained the checkpoint",
        )
    built = {name: _filled(path, name, spec, tensors) for name, spec in manifest.branches.items()}
    surplus = [k for k in tensors if k.split(".", 1)[0] not in manifest.branches]
    if surplus:
        raise WeightsMismatchError(f"{path.name} has keys of no known branch: {_listed(surplus)}. Use a whole file.")
    return path, manifest, built


def _filled(path: Path, name: str, spec: BranchSpec, tensors: Mapping[str, Tensor]) -> Branch:
    """Return the branch with its tensors, or say which keys do not fit."""
    branch = spec.build()
    own = branch.state_dict()
    prefix = f"{name}."
    given = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    constants = {k for k, _ in branch.named_buffers() if k.startswith("channels.") or ".normalize." in k}
    missing = sorted(set(own) - set(given) - constants)
    surplus = sorted(set(given) - set(own))
    shapes = sorted(k for k in set(own) & set(given) if own[k].shape != given[k].shape)
    if missing or surplus or shapes:
        what = [
            f"{label} {_listed(prefix + k for k in keys)}"
            for label, keys in (("missing", missing), ("surplus", surplus), ("of another shape", shapes))
            if keys
        ]
        raise WeightsMismatchError(
            f"{path.name} does not fit {spec.architecture} ({dict(spec.arguments)}): {'; '.join(what)}. "
            "Use the file that belongs to this architecture."
        )
    altered = sorted(k for k in constants & set(given) if not torch.equal(own[k], given[k].to(own[k].dtype)))
    if altered:
        raise WeightsMismatchError(
            f"{path.name} changes constants of the method: {_listed(prefix + k for k in altered)}. Get the file again."
        )
    branch.load_state_dict({**{k: own[k] for k in constants}, **given})
    return branch


def _is_safetensors(path: Path) -> bool:
    """Whether the bytes start as a safetensors file does: a length, then a JSON object."""
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:9] == b"{" and not head.startswith(b"PK")


def _opened(path: Path) -> Any:
    try:
        return safe_open(str(path), framework="pt")
    except (SafetensorError, OSError) as err:
        raise WeightsMismatchError(f"{path.name} cannot be read as safetensors: {err}. Get the file again.") from err


def _listed(keys: Iterable[str]) -> str:
    keys = list(keys)
    more = f" and {len(keys) - LISTED} more" if len(keys) > LISTED else ""
    return ", ".join(keys[:LISTED]) + more
