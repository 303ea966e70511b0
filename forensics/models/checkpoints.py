"""DeepFakeDefenders checkpoints: from their keys to ours, sizes inferred from the shapes.

Merged files hold ``convnext.{adapter,model}.*`` and ``replknet.{adapter,model}.*``; one-branch files
``{adapter,model}.*``; keys of files saved under DataParallel start with ``module.``. SRM kernels, mean and standard
deviation are not in the files: they are constants of the method.
"""

import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from forensics.errors import WeightsMismatchError

__all__ = ["read_checkpoint"]

Spec: TypeAlias = tuple[str, dict[str, Any]]
NAMES = ("convnext", "replknet")

# Attribute names of the published files to ours: Liu et al.'s of ConvNeXt, Ding et al.'s of RepLKNet.
RENAMED_CONVNEXT = (
    (r"^downsample_layers\.0\.", "stem."),
    (r"^downsample_layers\.(\d+)\.", r"stages.\1.downsample."),
    (r"^stages\.(\d+)\.(\d+)\.", r"stages.\1.blocks.\2."),
    (r"\.dwconv\.", ".conv_dw."),
    (r"\.pwconv", ".mlp.fc"),
    (r"^head\.", "head.fc."),
    (r"^norm\.", "head.norm."),
)
RENAMED_REPLKNET = (
    (r"^stages\.(\d+)\.blocks\.", r"stages.\1."),
    (r"\.(?:prelkb_bn|preffn_bn)\.", ".norm."),
    (r"\.pw1\.", ".expand."),
    (r"\.pw2\.", ".project."),
    (r"\.large_kernel\.lkb_origin\.", ".large_kernel.large."),
    (r"\.large_kernel\.small_conv\.", ".large_kernel.small."),
    (r"\.large_kernel\.lkb_reparam\.", ".large_kernel.merged."),
)


def read_checkpoint(path: Path, *, branch: str | None = None) -> tuple[dict[str, Spec], dict[str, Tensor]]:
    """Return what a DeepFakeDefenders checkpoint holds, in our names.

    Parameters
    ----------
    path : path
    branch : str, optional
        ``"convnext"`` or ``"replknet"`` for a one-branch file; found from the keys if not given.

    Returns
    -------
    specs : dict of str to (architecture, arguments)
    tensors : dict of str to tensor
        Keys start with the branch name.

    Raises
    ------
    WeightsMismatchError
        The file is no such checkpoint, or would have to run code to be opened.
    """
    state = _state_dict(path)
    by_branch = _split(state, path, branch)
    specs: dict[str, Spec] = {}
    tensors: dict[str, Tensor] = {}
    for name, part in by_branch.items():
        model = {k.removeprefix("model."): v for k, v in part.items() if k.startswith("model.")}
        adapter = {k: v for k, v in part.items() if k.startswith("adapter.")}
        rest = sorted(set(part) - {f"model.{k}" for k in model} - set(adapter))
        if rest:
            raise WeightsMismatchError(f"{path.name} has keys of no known part of {name}: {', '.join(rest[:5])}.{NEXT}")
        try:
            specs[name], ours = _convnext(model) if name == "convnext" else _replknet(model)
        except (KeyError, IndexError, ValueError, AttributeError) as err:
            raise WeightsMismatchError(
                f"{path.name}: the {name} part lacks what its sizes are read from ({err}); it holds "
                f"{', '.join(sorted(model)[:5]) or 'no key under model.'}.{NEXT}"
            ) from err
        tensors.update({f"{name}.body.network.{k}": v for k, v in ours.items()})
        tensors.update({f"{name}.body.{k}": v for k, v in adapter.items()})
    return specs, tensors


NEXT = " Give a DeepFakeDefenders checkpoint (merged, or one per branch) or a .safetensors file of ours."


def _state_dict(path: Path) -> dict[str, Tensor]:
    """Open safely: tensors and plain containers only."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as err:
        raise WeightsMismatchError(
            f"{path.name} is not a plain tensor file; opening it could run code, so it stays closed "
            f"({str(err).splitlines()[0][:160]}).{NEXT}"
        ) from err
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
    ) as err:
        said = str(err).splitlines()[0][:160] if str(err) else ""
        reason = f"{type(err).__name__} {said}".strip()
        raise WeightsMismatchError(f"{path.name} cannot be read as a checkpoint: {reason}.{NEXT}") from err
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsMismatchError(f"{path.name} holds no state_dict of tensors.{NEXT}")
    return {str(k).removeprefix("module."): v for k, v in content.items()}


def _split(state: dict[str, Tensor], path: Path, branch: str | None) -> dict[str, dict[str, Tensor]]:
    heads = {key.split(".", 1)[0] for key in state}
    if heads & set(NAMES):
        merged = {
            n: {k.removeprefix(f"{n}.").removeprefix("module."): v for k, v in state.items() if k.startswith(f"{n}.")}
            for n in NAMES
            if n in heads
        }
        surplus = sorted(k for k in state if k.split(".", 1)[0] not in NAMES)
        if surplus:
            raise WeightsMismatchError(f"{path.name} has surplus keys: {', '.join(surplus[:5])}.{NEXT}")
        if branch is not None:
            if branch not in merged:
                raise WeightsMismatchError(f"{path.name} holds {', '.join(merged)}, not {branch!r}.{NEXT}")
            return {branch: merged[branch]}
        return merged
    if "model" not in heads:
        raise WeightsMismatchError(f"{path.name} holds the keys {', '.join(sorted(state)[:5])}.{NEXT}")
    found = "replknet" if any("large_kernel" in k for k in state) else "convnext"
    if branch is not None and branch != found:
        raise WeightsMismatchError(
            f"{path.name} holds a {found} branch, but was given as {branch!r}. Swap the two files."
        )
    return {found: state}


def _count(keys: Iterable[str], pattern: str) -> int:
    """Return one more than the largest number that `pattern` captures."""
    return 1 + max(int(m[1]) for k in keys if (m := re.match(pattern, k)))


def _renamed(model: Mapping[str, Tensor], names: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
    ours: dict[str, Tensor] = {}
    for key, value in model.items():
        for pattern, name in names:
            key = re.sub(pattern, name, key)
        ours[key] = value
    return ours


def _convnext(model: dict[str, Tensor]) -> tuple[Spec, dict[str, Tensor]]:
    n_stages = _count(model, r"stages\.(\d+)\.")
    depths = [_count(model, rf"stages\.{i}\.(\d+)\.") for i in range(n_stages)]
    widths = [int(model[f"stages.{i}.0.dwconv.weight"].shape[0]) for i in range(n_stages)]
    arguments = {"depths": depths, "widths": widths}
    return ("reference_convnext", arguments), _renamed(model, RENAMED_CONVNEXT)


def _replknet(model: dict[str, Tensor]) -> tuple[Spec, dict[str, Tensor]]:
    ours = _renamed(model, RENAMED_REPLKNET)
    n_stages = _count(ours, r"stages\.(\d+)\.")
    merged = "stages.0.0.large_kernel.merged.weight" in ours
    large = "merged" if merged else "large.conv"
    first = [ours[f"stages.{i}.0.large_kernel.{large}.weight"] for i in range(n_stages)]
    arguments: dict[str, Any] = {
        "kernel_sizes": [int(w.shape[-1]) for w in first],
        "layers": [_count(ours, rf"stages\.{i}\.(\d+)\.") // 2 for i in range(n_stages)],
        "widths": [int(w.shape[0]) for w in first],
        "merged": merged,
    }
    if not merged:
        arguments["small_kernel"] = int(ours["stages.0.0.large_kernel.small.conv.weight"].shape[-1])
    return ("reference_replknet", arguments), ours
