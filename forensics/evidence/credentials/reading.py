"""The check of a content credential (C2PA) against its file and a trust list; nothing is fetched.

The check is that of the C2PA project's own library (extra ``provenance``). Two settings of it keep a hostile file from
reaching the network, each enough by itself: fetching is off, and the list of hosts that may be asked is empty. The
library carries no trust list, and settings given to it elsewhere in the program do not reach the ones used here.
"""

import functools
import io
import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from forensics.errors import MissingExtraError, needed_by
from forensics.evidence.credentials.record import Provenance, ProvenanceState
from forensics.evidence.credentials.trust_list import TrustList
from forensics.evidence.texts import storable
from forensics.messages import Message

__all__ = ["read_provenance", "referred_manifest"]

MAX_ITEMS = 200

# XMP names the place of a manifest as dcterms:provenance, an attribute or an element (C2PA 2.1, 11.4).
# Every repeat is bounded, so that a large hostile file costs no more than its length.
_REFERENCE = re.compile(
    rb":provenance(?:\s{0,9}=\s{0,9}(?:\"([^\"<]{1,4000})\"|'([^'<]{1,4000})')|[^<>]{0,200}>\s{0,99}([^<]{1,4000}))"
)

_Json: TypeAlias = Mapping[str, Any]


def referred_manifest(packet: bytes) -> str | None:
    """Return the address that XMP gives for a content credential, or None; ``self#…`` means the file itself."""
    match = _REFERENCE.search(packet) if b"http://purl.org/dc/terms/" in packet else None
    if match is None:
        return None
    address = next(group for group in match.groups() if group is not None)
    return storable(address.strip().replace(b"&amp;", b"&")) or None


def read_provenance(data: bytes, media_type: str, *, trust: TrustList | None) -> Provenance:
    """Check the content credential of a file; no network is used, and no file can make this raise.

    Parameters
    ----------
    data : bytes
        Of the whole file.
    media_type : str
        ``image/jpeg`` and so on.
    trust : TrustList or None
        Without one no signer is trusted.
    """
    in_force = {
        "trust_list_name": trust.name if trust else None,
        "trust_list_sha256": trust.sha256 if trust else None,
    }
    try:
        with needed_by("Checking content credentials"):
            import c2pa  # type: ignore[import-untyped]  # it ships no annotations
    except MissingExtraError:
        return Provenance(state="not_tested", message=Message("credential_not_installed"))
    except (ImportError, OSError, RuntimeError) as err:
        return Provenance(
            state="not_tested", message=Message("credential_library_not_loaded", {"error": type(err).__name__})
        )
    found: dict[str, Any] = {**in_force, "sdk_version": _sdk_version(c2pa.sdk_version())}
    try:
        with (
            c2pa.Settings.from_dict(_settings(trust)) as settings,
            c2pa.Context(settings) as context,
            c2pa.Reader(media_type, io.BytesIO(data), context=context) as reader,
        ):
            store = json.loads(reader.json())
        return Provenance(**found, **_reported(store, trusting=trust is not None))
    except Exception as err:  # noqa: BLE001  # whatever a hostile credential provokes is a property of the credential
        return Provenance(**found, **_given_up(err))


def _settings(trust: TrustList | None) -> _Json:
    offline = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True, "verify_after_reading": True}
    # Identity assertions may name an address of their own; they are not followed.
    core = {"allowed_network_hosts": [], "decode_identity_assertions": False}
    # Without a list the key must be missing: the library takes an empty text for a damaged credential.
    return {"verify": offline, "core": core, **({"trust": {"trust_anchors": trust.pem}} if trust else {})}


def _given_up(err: Exception) -> dict[str, Any]:
    message = storable(" ".join(str(err).split()) or type(err).__name__)
    if type(err).__name__.endswith("ManifestNotFound"):
        return {"state": "none"}
    if message.startswith("Remote:") and (url := re.search(r"url (\S+)$", message)):
        return {"state": "remote", "remote_url": url.group(1)}
    return {"state": "invalid", "message": Message("credential_library_gave_up", {"reason": message})}


def _reported(store: _Json, *, trusting: bool) -> dict[str, Any]:
    """Return the fields that the library's report fills."""
    label = store.get("active_manifest")
    manifests = store.get("manifests") or {}
    active = manifests.get(label) or {}
    codes, failures = _codes(store.get("validation_results") or {})
    signature = active.get("signature_info") or {}
    actions = [*_actions(active)]
    for other, manifest in manifests.items():
        if other != label:
            actions += [f"ingredient: {action}" for action in _actions(manifest)]
    return {
        "state": _state(str(store.get("validation_state")), codes, trusting=trusting),
        "manifest": _some(label),
        "claim_generator": _generator(active),
        "title": _some(active.get("title")),
        "signer": _some(signature.get("common_name")),
        "issuer": _some(signature.get("issuer")),
        "signed_at": _some(signature.get("time")),
        "actions": _bounded(actions),
        "source_types": tuple(dict.fromkeys(_source_types(manifests)))[:MAX_ITEMS],
        "codes": codes,
        "failures": failures,
    }


def _state(said: str, codes: tuple[tuple[str, str, str], ...], *, trusting: bool) -> ProvenanceState:
    """Return the library's state; trust needs its word, its code and a list of ours."""
    if said not in ("Valid", "Trusted"):
        return "invalid"
    vouched = any(code == "signingCredential.trusted" for code, _url, _text in codes)
    return "trusted" if said == "Trusted" and vouched and trusting else "valid_untrusted"


def _codes(results: _Json) -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """Return (all codes, failures first; the codes of failures), of the active manifest and of ingredients."""
    parts = [results.get("activeManifest") or {}]
    parts += [delta.get("validationDeltas") or {} for delta in results.get("ingredientDeltas") or ()]
    rows: list[tuple[str, str, str]] = []
    failures: list[str] = []
    for kind in ("failure", "informational", "success"):
        for part in parts:
            for one in part.get(kind) or ():
                rows.append(tuple(storable(str(one.get(key) or "")) for key in ("code", "url", "explanation")))  # type: ignore[arg-type]  # three keys, three texts
                if kind == "failure":
                    failures.append(rows[-1][0])
    if len(rows) > MAX_ITEMS:
        rows = [*rows[:MAX_ITEMS], ("…", "", f"{len(rows) - MAX_ITEMS} more are left out here.")]
    return tuple(rows), tuple(dict.fromkeys(failures))[:MAX_ITEMS]


def _actions(manifest: _Json) -> Iterator[str]:
    for assertion in manifest.get("assertions") or ():
        if not str(assertion.get("label", "")).startswith("c2pa.actions"):
            continue
        for action in (assertion.get("data") or {}).get("actions") or ():
            agent, source = action.get("softwareAgent"), action.get("digitalSourceType")
            about = [f"by {_product(agent)}"] if agent else []
            about += [f"at {action['when']}"] if action.get("when") else []
            about += [f"source {str(source).rstrip('/').rsplit('/', 1)[-1]}"] if source else []
            yield storable(f"{action.get('action')} ({', '.join(about)})" if about else str(action.get("action")))


def _source_types(value: Any) -> Iterator[str]:
    """Yield every digitalSourceType at any depth: some kinds of assertion hold it elsewhere than in an action."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            for key, item in one.items():
                if key == "digitalSourceType" and isinstance(item, str):
                    yield storable(item)
                else:
                    waiting.append(item)
        elif isinstance(one, list):
            waiting += one


def _generator(manifest: _Json) -> str | None:
    named = [_product(one) for one in manifest.get("claim_generator_info") or ()]
    return _some(", ".join(named) or manifest.get("claim_generator"))


def _product(named: Any) -> str:
    return f"{named.get('name', '')} {named.get('version', '')}".strip() if isinstance(named, Mapping) else str(named)


def _bounded(texts: list[str]) -> tuple[str, ...]:
    more = len(texts) - MAX_ITEMS
    return tuple(texts) if more <= 0 else (*texts[:MAX_ITEMS], f"… {more} more are left out here")


def _some(text: Any) -> str | None:
    return None if text is None else storable(str(text))


@functools.cache
def _sdk_version(core: str) -> str:
    try:
        return f"c2pa-rs {core}, c2pa-python {version('c2pa-python')}"
    except PackageNotFoundError:
        return f"c2pa-rs {core}"
