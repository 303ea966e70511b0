"""The record of a content credential (C2PA): what it states, and how far it holds."""

from dataclasses import dataclass
from typing import Literal, get_args

from forensics.messages import Message, coded
from forensics.records.arrays import keep_copies
from forensics.records.canonical import JsonObject
from forensics.records.converting import recorded

__all__ = ["PROVENANCE_STATES", "Provenance", "ProvenanceState"]

ProvenanceState = Literal["none", "invalid", "valid_untrusted", "trusted", "remote", "not_tested"]
PROVENANCE_STATES: tuple[ProvenanceState, ...] = get_args(ProvenanceState)

# IPTC digital source types that state a trained model, for the whole or a part of a picture; last part of the address.
GENERATED_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
# The credential may leave parts of a file out of what is signed; these codes of the SDK say that it does.
LEFT_OUT = ".additionalExclusionsPresent"


def _with_code(record: JsonObject) -> JsonObject:
    """Return a record of today: the message of older ones is a bare sentence."""
    return {**record, "message": coded(record.get("message"))}


@recorded(older=_with_code)
@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The content credential of one file, and how far it holds.

    Every text in it but `state`, `message`, `sdk_version` and what concerns the trust list was written by whoever made
    the file.

    Parameters
    ----------
    state : str
        ``none``: no credential was found; ``invalid``: one that fails its check; ``valid_untrusted``: one that fits
        the file, by a signer that no trust list in force vouches for; ``trusted``: the same by one that it vouches
        for; ``remote``: the file names an address instead, which was not fetched; ``not_tested``: one that was not
        checked.
    manifest : str or None
        Label of the active manifest.
    claim_generator : str or None
        Software that made the credential, as it states.
    title : str or None
    signer, issuer : str or None
        Common name and organisation in the signer's certificate.
    signed_at : str or None
        Time in the time-stamp, if there is one; see `time_vouched`.
    actions : tuple of str
        ``"c2pa.created (source trainedAlgorithmicMedia)"``; those of ingredients start with ``"ingredient: "``.
    source_types : tuple of str
        Every digitalSourceType that the credential states, of the picture or of an ingredient.
    codes : tuple of (code, url, explanation)
        What the SDK reports, failures first; `url` is the box it is about.
    failures : tuple of str
        The codes that count as failures, of the picture's manifest and of its ingredients'.
    remote_url : str or None
        Where the file says that a manifest is kept.
    message : Message or None
        Why nothing was tested, or what the SDK says if it gave up.
    sdk_version : str or None
    trust_list_name, trust_list_sha256 : str or None
        The trust list in force.
    """

    state: ProvenanceState = "none"
    manifest: str | None = None
    claim_generator: str | None = None
    title: str | None = None
    signer: str | None = None
    issuer: str | None = None
    signed_at: str | None = None
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    codes: tuple[tuple[str, str, str], ...] = ()
    failures: tuple[str, ...] = ()
    remote_url: str | None = None
    message: Message | None = None
    sdk_version: str | None = None
    trust_list_name: str | None = None
    trust_list_sha256: str | None = None

    def __post_init__(self) -> None:
        if self.state not in PROVENANCE_STATES:
            raise ValueError(
                f"the state of a content credential must be one of {', '.join(PROVENANCE_STATES)}, got {self.state!r}. "
                "Read the record with the version of forensics that wrote it."
            )
        keep_copies(self)
        triples = tuple((str(code), str(url), str(text)) for code, url, text in self.codes)
        object.__setattr__(self, "codes", triples)

    @property
    def generated(self) -> bool:
        """Whether the credential states that a trained model made the picture, a part of it or an ingredient."""
        return any(t.rstrip("/").rsplit("/", 1)[-1] in GENERATED_TYPES for t in self.source_types)

    @property
    def text(self) -> str:
        """What the state proves and what it does not, in sentences."""
        words = _SIGNER_ONLY if self.state == "invalid" and self._signer_only() else _WORDS[self.state]
        sentences = [words.format(**self._named())]
        if self.state == "valid_untrusted":
            sentences.append(_anyone(self))
        if self.state in ("trusted", "valid_untrusted"):
            if any(code.endswith(LEFT_OUT) for code, _url, _text in self.codes):
                sentences.append("It leaves further parts of the file unsigned; a change there would not show.")
            expected = ("signingCredential.untrusted",) if self.state == "valid_untrusted" else ()
            other = [code for code in self.failures if code not in expected]
            if other:
                sentences.append(f"The check also reports {', '.join(dict.fromkeys(other))}; see the codes.")
        if self.message:
            sentences.append(_sentence(self.message.text))
        if self.generated:
            sentences.append(
                "It states that a trained model made the picture, a part of it or an ingredient (digitalSourceType); "
                + ("the signer answers for that." if self.state == "trusted" else "nobody known answers for that.")
            )
        return " ".join(sentences)

    def _named(self) -> dict[str, str]:
        return {
            "signer": f"“{self.signer}”" if self.signer else "its signer",
            "when": self._when(),
            "trust": f"“{self.trust_list_name}” (SHA-256 {self.trust_list_sha256})",
            "failures": f" ({', '.join(dict.fromkeys(self.failures))})" if self.failures else "",
            "url": self.remote_url or "an address",
        }

    def _signer_only(self) -> bool:
        """Whether nothing but the signer's certificate is at fault, such as one that has run out since."""
        return bool(self.failures) and all(code.startswith("signingCredential.") for code in self.failures)

    @property
    def time_vouched(self) -> bool:
        """Whether the trust list in force vouches for the authority that stamped `signed_at`."""
        return bool(self.signed_at) and any(
            code == "timeStamp.trusted" and f"/{self.manifest}/" in url for code, url, _text in self.codes
        )

    def _when(self) -> str:
        if not self.signed_at:
            return ""
        if self.time_vouched:
            return f" The time-stamp says {self.signed_at}, and the trust list vouches for its authority."
        return f" The time-stamp says {self.signed_at}; nobody vouches for its authority, so that the time is a claim."


_WORDS: dict[ProvenanceState, str] = {
    "none": (
        "No content credential (C2PA) was found. This says nothing about the picture: most pictures never had one, "
        "and most services remove it."
    ),
    "invalid": (
        "The content credential fails its check{failures}. The file or the credential was changed after signing, or the "
        "credential is damaged, made wrongly or of a kind that the software does not read; this alone does not tell which, "
        "nor who did it. Nothing that it states can be relied on."
    ),
    "valid_untrusted": (
        "The content credential fits the file: what it signs has not changed since it was signed with the key of "
        "{signer}.{when} Nobody vouches for that name."
    ),
    "trusted": (
        "The content credential fits the file, and the trust list {trust} vouches for the signer: what it signs has not "
        "changed since {signer} signed it.{when} This does not prove that its statements are true or that the scene was real."
    ),
    "remote": (
        "The file holds no content credential; it names {url} as the place of one. Nothing was fetched: no step of an "
        "examination uses a network. Whatever is kept there was not seen, and anyone can write such an address."
    ),
    "not_tested": (
        "The file holds what looks like a content credential (C2PA). It was not checked, so it proves nothing either way."
    ),
}

_SIGNER_ONLY = (
    "The content credential fails its check because of the signer's certificate{failures}, which is judged as of the day of "
    "the check unless a trusted time-stamp says when it signed. What it signs was found unchanged; who signed it is not "
    "established, and nothing that it states can be relied on.{when}"
)


def _anyone(found: Provenance) -> str:
    if found.trust_list_sha256 is None:
        return "No trust list was given. Anyone can make such a credential under any name; its statements are claims."
    return (
        f"The signer is not on the trust list “{found.trust_list_name}” (SHA-256 {found.trust_list_sha256}). "
        "Anyone can make such a credential under any name; its statements are claims."
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
