import io
import json
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import RecordError
from forensics.evidence import TrustList, read_provenance
from forensics.evidence.credentials import reading
from forensics.evidence.credentials import trust_list as lists
from forensics.evidence.credentials.reading import MAX_ITEMS, referred_manifest
from forensics.evidence.credentials.trust_list import default_trust_list
from forensics.messages import quoted
from forensics.records.converting import from_record, to_record
from forensics.types import PROVENANCE_STATES, Evidence, Metadata, Provenance
from tests.broken_files import png_chunk
from tests.conftest import encoded, textured

c2pa = pytest.importorskip("c2pa")
credentials = pytest.importorskip("tests.credentials")
chain, signed, GENERATED = credentials.chain, credentials.signed, credentials.GENERATED

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "TIFF": "image/tiff", "GIF": "image/gif",
         "AVIF": "image/avif", "HEIC": "image/heic"}  # fmt: skip


def picture(kind: str) -> bytes:
    if kind != "HEIC":
        return encoded(textured(), kind)
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(textured())).save(buffer, quality=90)
    return buffer.getvalue()


def trust_list(folder: Path, *pem: str, name: str = "anchors.pem") -> TrustList:
    path = folder / name
    path.write_text("".join(pem))
    return TrustList.from_file(path)


@pytest.fixture
def jpeg() -> bytes:
    return signed(picture("JPEG"))


@pytest.fixture
def anchors(tmp_path: Path) -> TrustList:
    return trust_list(tmp_path, chain().root)


# The four states


@pytest.mark.parametrize("kind", TYPES)
def test_a_picture_has_each_state(kind: str, tmp_path: Path, anchors: TrustList) -> None:
    plain = picture(kind)
    data = signed(plain, TYPES[kind])
    other = trust_list(tmp_path, chain("B").root, name="other.pem")
    changed = bytearray(data)
    changed[-30] ^= 0x10  # among the last bytes of the picture; behind the manifest in most kinds
    states = [
        Evidence.from_bytes(file, trust=trust).metadata.provenance.state
        for file, trust in ((plain, anchors), (data, None), (data, other), (data, anchors))
    ]
    assert states == ["none", "valid_untrusted", "valid_untrusted", "trusted"]
    assert read_provenance(bytes(changed), TYPES[kind], trust=anchors).state == "invalid"


def test_what_a_trusted_credential_says(jpeg: bytes, anchors: TrustList) -> None:
    found = Evidence.from_bytes(jpeg, trust=anchors).metadata.provenance
    assert (found.title, found.claim_generator) == ("test picture", "Test Camera 1.0")
    assert (found.signer, found.issuer, found.signed_at) == ("Test signer A", "Test Press", None)
    assert found.actions == ("c2pa.created (source trainedAlgorithmicMedia)",)
    assert found.source_types == (GENERATED,)
    assert found.generated
    assert found.manifest is not None
    assert found.manifest.startswith("urn:c2pa:")
    assert (found.trust_list_name, found.trust_list_sha256) == ("anchors.pem", anchors.sha256)
    assert found.sdk_version is not None
    assert found.sdk_version.startswith(f"c2pa-rs {c2pa.sdk_version()}, c2pa-python ")
    assert found.failures == ()
    trusted = [url for code, url, _text in found.codes if code == "signingCredential.trusted"]
    assert trusted == [f"self#jumbf=/c2pa/{found.manifest}/c2pa.signature"]
    assert "does not prove that its statements are true" in found.text
    assert "a trained model made the picture" in found.text
    assert anchors.sha256 in found.text


def test_an_untrusted_credential_names_the_failing_box(jpeg: bytes, tmp_path: Path) -> None:
    found = read_provenance(jpeg, "image/jpeg", trust=None)
    code, url, _text = found.codes[0]
    assert (code, url) == ("signingCredential.untrusted", f"self#jumbf=/c2pa/{found.manifest}/c2pa.signature")
    assert found.failures == ("signingCredential.untrusted",)
    assert "No trust list was given. Anyone can make such a credential" in found.text
    other = trust_list(tmp_path, chain("B").root)
    assert (
        f"not on the trust list “anchors.pem” (SHA-256 {other.sha256})"
        in read_provenance(jpeg, "image/jpeg", trust=other).text
    )


def test_changed_pixels_signature_and_cut_manifest_are_invalid(jpeg: bytes, anchors: TrustList) -> None:
    def state(data: bytes) -> Provenance:
        return Evidence.from_bytes(data, trust=anchors).metadata.provenance

    pixels = bytearray(jpeg)
    pixels[-40] ^= 0x10
    found = state(bytes(pixels))
    assert (found.state, found.failures) == ("invalid", ("assertion.dataHash.mismatch",))
    assert "fails its check (assertion.dataHash.mismatch)" in found.text
    assert "nor who did it" in found.text

    at = jpeg.index(b"\xff\xeb")
    size = struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    signature = bytearray(jpeg)
    signature[jpeg.index(b"\xf6\x58\x40") + 20] ^= (
        1  # COSE_Sign1: no payload, then 64 bytes of signature (RFC 9052, 4.2)
    )
    found = state(bytes(signature))
    assert (found.state, found.failures) == ("invalid", ("claimSignature.mismatch",))

    half = size // 2
    cut = jpeg[: at + 2] + struct.pack(">H", half) + jpeg[at + 4 : at + 2 + half] + jpeg[at + 2 + size :]
    found = state(cut)
    assert found.state == "invalid"
    assert found.message is not None
    assert found.message.code == "credential_library_gave_up"
    assert found.message.text.startswith("The library gave up: ")
    assert found.message.text in found.text


def test_a_box_without_a_manifest_is_not_called_none() -> None:
    png = picture("PNG")
    for payload in (b"", b"junk", b"\0\0\0\x10jumbjunkjunk"):
        found = Evidence.from_bytes(png[:33] + png_chunk(b"caBX", payload) + png[33:]).metadata.provenance
        assert found.state == "invalid"
    label = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71") + b"\x03c2pa\0"
    description = struct.pack(">I", 8 + len(label)) + b"jumd" + label
    box = b"JP" + struct.pack(">HI", 1, 1) + struct.pack(">I", 8 + len(description)) + b"jumb" + description
    jpeg = picture("JPEG")
    with_box = jpeg[:2] + b"\xff\xeb" + struct.pack(">H", len(box) + 2) + box + jpeg[2:]
    assert Evidence.from_bytes(with_box).metadata.provenance.state == "invalid"


def test_a_file_without_a_manifest_is_none_to_the_library_too() -> None:
    found = read_provenance(picture("JPEG"), "image/jpeg", trust=None)
    assert (found.state, found.message) == ("none", None)


def test_a_manifest_behind_a_chunk_of_odd_length_is_found() -> None:
    """RIFF pads a chunk of odd length with one byte."""
    webp = signed(picture("WEBP"), "image/webp")
    at = webp.index(b"C2PA")
    body = webp[8:at] + b"NOTE" + struct.pack("<I", 5) + b"hello\0" + webp[at:]
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert Evidence.from_bytes(data).metadata.provenance.state == "invalid"


def test_words_of_a_box_among_the_pixels_are_no_box() -> None:
    """The names caBX and C2PA can occur in compressed pixels; only a chunk of that name counts."""
    png = picture("PNG")
    text = png[:33] + png_chunk(b"tEXt", b"Comment\0caBX C2PA jumb") + png[33:]
    assert Evidence.from_bytes(text).metadata.provenance == Provenance()
    webp = picture("WEBP")
    body = webp[8:] + b"NOTE" + struct.pack("<I", 9) + b"C2PA jumb\0"
    assert Evidence.from_bytes(b"RIFF" + struct.pack("<I", len(body)) + body).metadata.provenance == Provenance()


# Trust


def test_trust_needs_our_list_the_word_and_the_code(anchors: TrustList) -> None:
    code = {"success": [{"code": "signingCredential.trusted", "url": "u", "explanation": "e"}]}
    for said, results, trusting, state in (
        ("Trusted", code, True, "trusted"),
        ("Trusted", code, False, "valid_untrusted"),
        ("Trusted", {}, True, "valid_untrusted"),
        ("Valid", code, True, "valid_untrusted"),
        ("Invalid", code, True, "invalid"),
        (None, code, True, "invalid"),
    ):
        store = {"validation_state": said, "validation_results": {"activeManifest": results}}
        assert reading._reported(store, trusting=trusting)["state"] == state, said


def test_settings_made_elsewhere_in_the_program_do_not_make_trust(jpeg: bytes) -> None:
    """The library has settings of the whole thread; they must not reach an examination."""
    states = []

    def other_part_of_the_program() -> None:
        with pytest.warns(DeprecationWarning, match="load_settings"):
            c2pa.load_settings({"trust": {"trust_anchors": chain().root}})
        states.append(read_provenance(jpeg, "image/jpeg", trust=None).state)

    thread = threading.Thread(target=other_part_of_the_program)
    thread.start()
    thread.join()
    assert states == ["valid_untrusted"]


def test_a_trust_list_counts_its_certificates_and_passes_over_text(tmp_path: Path, jpeg: bytes) -> None:
    made = trust_list(tmp_path, "O=Somebody, CN=ü\n\n", chain("B").root, "# and\n", chain().root)
    assert (made.name, made.n_certificates) == ("anchors.pem", 2)
    assert made.pem.count("BEGIN CERTIFICATE") == 2
    assert "Somebody" not in made.pem
    assert "PRIVATE" not in repr(made)
    assert read_provenance(jpeg, "image/jpeg", trust=made).state == "trusted"


def test_a_signers_own_certificate_in_the_list_has_no_effect(tmp_path: Path, jpeg: bytes) -> None:
    assert read_provenance(jpeg, "image/jpeg", trust=trust_list(tmp_path, chain().signer)).state == "valid_untrusted"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no certificate (it starts with nothing)"),
        (b"\x89PNG\r\n\x1a\n", "holds no certificate (it starts with 89 50 4e 47"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "has a damaged certificate 1 at line 1"),
        (
            b"\n\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "holds a block “PRIVATE KEY” at line 3",
        ),
        (None, "is no ordinary file"),
    ],
)
def test_what_is_no_trust_list_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "list.pem"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        TrustList.from_file(path)
    assert str(caught.value).startswith(f"the trust list list.pem {message}")
    assert str(caught.value).endswith("no trust list was used.")


def test_a_missing_or_huge_trust_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordError, match=r"gone\.pem does not open: No such file"):
        TrustList.from_file(tmp_path / "gone.pem")
    monkeypatch.setattr(lists, "MAX_TRUST_BYTES", 10)
    with pytest.raises(RecordError, match="more than 10"):
        trust_list(tmp_path, chain().root)


def test_the_environment_names_the_default_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jpeg: bytes, anchors: TrustList
) -> None:
    monkeypatch.delenv("FORENSICS_TRUST_LIST", raising=False)
    assert default_trust_list() is None
    monkeypatch.setenv("FORENSICS_TRUST_LIST", str(tmp_path / "anchors.pem"))
    assert Evidence.from_bytes(jpeg).metadata.provenance.state == "trusted"
    other = trust_list(tmp_path, chain("B").root, name="other.pem")
    assert Evidence.from_bytes(jpeg, trust=other).metadata.provenance.trust_list_name == "other.pem"
    trust_list(tmp_path, chain("B").root, "\n")  # the same path, another list
    assert Evidence.from_bytes(jpeg).metadata.provenance.state == "valid_untrusted"
    monkeypatch.setenv("FORENSICS_TRUST_LIST", str(tmp_path / "gone.pem"))
    with pytest.raises(RecordError, match="Correct FORENSICS_TRUST_LIST"):
        Evidence.from_bytes(picture("PNG"))  # at the first file, not at the first credential


def test_files_are_read_with_the_list_that_is_passed(tmp_path: Path, jpeg: bytes, anchors: TrustList) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert Evidence.from_file(path, trust=anchors).metadata.provenance.state == "trusted"
    assert Evidence.from_file(path, check_credentials=False).metadata.provenance.state == "not_tested"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


# Not tested


def test_without_the_library_a_manifest_is_not_tested(monkeypatch: pytest.MonkeyPatch, jpeg: bytes) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = Evidence.from_bytes(jpeg).metadata.provenance
    assert found.state == "not_tested"
    assert "pip install 'forensics[provenance]'" in found.text
    assert "proves nothing either way" in found.text
    assert Evidence.from_bytes(picture("JPEG")).metadata.provenance == Provenance()


def test_the_check_can_be_switched_off(jpeg: bytes) -> None:
    found = Evidence.from_bytes(jpeg, check_credentials=False).metadata.provenance
    assert (found.state, found.codes, found.sdk_version) == ("not_tested", (), None)
    assert "switched off" in found.text


# Manifests elsewhere, and the network


@pytest.fixture
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine that notes who comes."""
    server = socket.create_server(("127.0.0.1", 0))
    came: list[bytes] = []

    def wait() -> None:
        while True:
            try:
                visitor, _address = server.accept()
            except OSError:
                return
            came.append(visitor.recv(500))
            visitor.close()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/x.c2pa", came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_an_address_is_reported_and_not_visited(
    trap: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch, anchors: TrustList
) -> None:
    address, came = trap
    data = signed(picture("JPEG"), remote_url=address, embed=False)
    for found in (
        Evidence.from_bytes(data, trust=anchors).metadata.provenance,
        read_provenance(data, "image/jpeg", trust=None),
    ):
        assert (found.state, found.remote_url) == ("remote", address)
        assert address in found.text
        assert "Nothing was fetched" in found.text
    fetching = {"verify": {"remote_manifest_fetch": True}}
    core = reading._settings(None)["core"]
    monkeypatch.setattr(reading, "_settings", lambda _trust: {**fetching, "core": core})
    assert read_provenance(data, "image/jpeg", trust=None).state == "invalid"  # the second lock holds by itself
    assert came == []
    monkeypatch.setattr(reading, "_settings", lambda _trust: fetching)
    read_provenance(data, "image/jpeg", trust=None)
    assert len(came) == 1  # the trap works: without our settings the library goes there
    assert came[0].startswith(b"GET ")


def test_the_library_is_kept_from_the_network_in_every_way() -> None:
    made = reading._settings(None)
    assert made["verify"] == {
        "remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True, "verify_after_reading": True,
    }  # fmt: skip
    assert made["core"] == {"allowed_network_hosts": [], "decode_identity_assertions": False}
    assert "trust" not in made


def test_an_embedded_manifest_goes_before_an_address(anchors: TrustList) -> None:
    data = signed(picture("JPEG"), remote_url="https://manifests.example/x?a=1&b=2")
    found = Evidence.from_bytes(data, trust=anchors).metadata.provenance
    assert (found.state, found.remote_url) == ("trusted", "https://manifests.example/x?a=1&b=2")


def xmp(reference: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" {reference}</rdf:RDF></x:xmpmeta>'
    ).encode()


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ('dcterms:provenance="https://a.example/m?x=1&amp;y=2"/>', "https://a.example/m?x=1&y=2"),
        ("dcterms:provenance = 'https://a.example/m'/>", "https://a.example/m"),
        ("><dcterms:provenance> https://a.example/m\n</dcterms:provenance></rdf:Description>", "https://a.example/m"),
        ('><dcterms:provenance xml:lang="x">https://a.example/m</dcterms:provenance>', "https://a.example/m"),
        ('dcterms:provenance="self#jumbf=c2pa/x"/>', "self#jumbf=c2pa/x"),
        ('dcterms:provenance=""/>', None),
        ('dcterms:source="https://a.example/m"/>', None),
    ],
)
def test_addresses_in_xmp(reference: str, address: str | None) -> None:
    assert referred_manifest(xmp(reference)) == address
    assert referred_manifest(xmp(reference).replace(b"http://purl.org/dc/terms/", b"urn:other")) is None


def test_xmp_of_a_png_and_a_lost_manifest() -> None:
    png = picture("PNG")
    for reference, state in (
        ('dcterms:provenance="https://a.example/m"/>', "remote"),
        ('dcterms:provenance="self#jumbf=c2pa/x"/>', "none"),
    ):
        text = b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(xmp(reference))
        found = Evidence.from_bytes(png[:33] + png_chunk(b"iTXt", text) + png[33:]).metadata.provenance
        assert found.state == state
    assert "which is not there any more" in found.text


# Hostile credentials


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TYPES)), st.data())
def test_no_credential_makes_loading_fail(kind: str, draw: st.DataObject) -> None:
    data = SIGNED[kind]
    at = draw.draw(st.integers(0, len(data) - 1))
    patch = draw.draw(st.binary(min_size=1, max_size=8))
    found = read_provenance(data[:at] + patch + data[at + len(patch) :], TYPES[kind], trust=None)
    assert found.state in PROVENANCE_STATES
    assert from_record(Provenance, json.loads(json.dumps(to_record(found)))) == found


SIGNED = {kind: signed(picture(kind), media_type) for kind, media_type in TYPES.items()}


@pytest.mark.parametrize("error", [ValueError("bad \ud800 text"), RecursionError(), KeyError("x"), MemoryError()])
def test_whatever_the_library_raises_is_invalid(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, jpeg: bytes
) -> None:
    def raising(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(c2pa, "Reader", raising)
    found = Evidence.from_bytes(jpeg).metadata.provenance
    assert found.state == "invalid"
    assert found.message is not None
    assert "\ud800" not in found.message.text


@pytest.mark.parametrize(
    "store",
    [
        "[]",
        "null",
        "{}",
        '{"manifests": 5}',
        '{"manifests": {"a": []}, "active_manifest": "a"}',
        '{"validation_results": []}',
        "{",
    ],
)
def test_a_report_of_another_shape_is_invalid(store: str, monkeypatch: pytest.MonkeyPatch, jpeg: bytes) -> None:
    monkeypatch.setattr(c2pa.Reader, "json", lambda _self: store)
    assert Evidence.from_bytes(jpeg).metadata.provenance.state == "invalid"


def test_long_and_many_texts_are_bounded_and_counted() -> None:
    actions = [{"action": f"a{k}" + "x" * 2000} for k in range(MAX_ITEMS + 7)]
    codes = [{"code": f"c{k}", "url": "u", "explanation": "e"} for k in range(MAX_ITEMS + 5)]
    store = {
        "active_manifest": "m",
        "manifests": {
            "m": {"title": "t" * 5000, "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]}
        },
        "validation_results": {"activeManifest": {"failure": codes}},
    }
    found = Provenance(**reading._reported(store, trusting=False))
    assert len(found.actions) == MAX_ITEMS + 1
    assert found.actions[-1] == "… 7 more are left out here"
    assert max(map(len, found.actions)) < 1100
    assert found.codes[-1] == ("…", "", "5 more are left out here.")
    assert len(found.title or "") < 1100
    assert (found.title or "").endswith("(5000 characters)")


# Statements of ingredients, and words


def test_actions_and_source_types_of_ingredients_count() -> None:
    edited = {
        "action": "c2pa.edited",
        "softwareAgent": {"name": "Editor", "version": "7"},
        "when": "2026-01-02T03:04:05Z",
    }
    composite = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    made = {"action": "c2pa.created", "softwareAgent": "Maker", "digitalSourceType": composite}
    store = {
        "active_manifest": "m",
        "manifests": {
            "m": {
                "assertions": [
                    {"label": "c2pa.actions", "data": {"actions": [edited]}},
                    {"label": "x", "data": {"actions": [{"action": "no"}]}},
                ]
            },
            "i": {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}]},
        },
        "validation_state": "Valid",
        "validation_results": {
            "activeManifest": {"success": [{"code": "s", "url": "1", "explanation": ""}]},
            "ingredientDeltas": [{"validationDeltas": {"failure": [{"code": "f", "url": "2", "explanation": "bad"}]}}],
        },
    }
    found = Provenance(**reading._reported(store, trusting=False))
    assert found.actions == (
        "c2pa.edited (by Editor 7, at 2026-01-02T03:04:05Z)",
        "ingredient: c2pa.created (by Maker, source compositeWithTrainedAlgorithmicMedia)",
    )
    assert found.source_types == (composite,)
    assert found.generated
    assert found.codes == (("f", "2", "bad"), ("s", "1", ""))
    assert "The check also reports f; see the codes." in found.text


def test_parts_that_are_left_unsigned_are_told(anchors: TrustList) -> None:
    told = "leaves further parts of the file unsigned"
    assert told in read_provenance(SIGNED["AVIF"], "image/avif", trust=anchors).text
    assert told not in read_provenance(SIGNED["JPEG"], "image/jpeg", trust=anchors).text


def test_an_untrusted_identity_in_a_trusted_credential_is_told() -> None:
    """One code serves the signer of the manifest and of an identity inside it (c2pa-rs issue 2247)."""
    failures = ("signingCredential.untrusted",)
    assert "The check also reports signingCredential.untrusted" in Provenance(state="trusted", failures=failures).text
    assert "also reports" not in Provenance(state="valid_untrusted", failures=failures).text


def test_a_camera_credential_states_no_generation(anchors: TrustList) -> None:
    capture = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    data = signed(picture("JPEG"), actions=[{"action": "c2pa.created", "digitalSourceType": capture}])
    found = read_provenance(data, "image/jpeg", trust=anchors)
    assert found.state == "trusted"
    assert not found.generated
    assert "trained model" not in found.text
    algorithmic = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    assert not Provenance(source_types=(algorithmic, "x/notTrainedAlgorithmicMedia")).generated


def test_an_expired_certificate_is_not_called_a_change() -> None:
    """What the library reports for a certificate that has run out (tried with one valid for seconds)."""
    found = Provenance(state="invalid", failures=("signingCredential.untrusted", "signingCredential.expired"))
    assert "signingCredential.expired" in found.text
    assert "found unchanged" in found.text
    assert "changed after signing" not in found.text
    mixed = Provenance(state="invalid", failures=("signingCredential.expired", "assertion.dataHash.mismatch"))
    assert "changed after signing" in mixed.text


def test_a_time_stamp_counts_only_if_its_authority_is_vouched_for() -> None:
    def stamped(*codes: tuple[str, str, str]) -> Provenance:
        return Provenance(state="trusted", manifest="urn:c2pa:1", signed_at="2026-01-02T03:04:05+00:00", codes=codes)

    active, other = "self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature", "self#jumbf=/c2pa/urn:c2pa:2/c2pa.signature"
    assert stamped(("timeStamp.trusted", active, "")).time_vouched
    assert not stamped(("timeStamp.trusted", other, "")).time_vouched
    assert not stamped(("timeStamp.validated", active, ""), ("timeStamp.untrusted", active, "")).time_vouched
    assert "the trust list vouches for its authority" in stamped(("timeStamp.trusted", active, "")).text
    assert "the time is a claim" in stamped().text
    assert not Provenance(codes=(("timeStamp.trusted", active, ""),)).time_vouched


def test_every_state_has_words_of_its_own() -> None:
    texts = {Provenance(state=state).text for state in PROVENANCE_STATES}
    assert len(texts) == len(PROVENANCE_STATES) == 6
    assert all("{" not in text and text.endswith(".") for text in texts)
    with pytest.raises(ValueError, match="must be one of none, invalid"):
        Provenance(state="genuine")  # type: ignore[arg-type]
    assert Provenance(state="trusted", signer="{0} {trust}").text.count("{0} {trust}") == 1


# Records

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.builds(
        Provenance,
        state=st.sampled_from(PROVENANCE_STATES),
        manifest=st.none() | TEXT,
        title=st.none() | TEXT,
        signer=st.none() | TEXT,
        actions=st.lists(TEXT, max_size=3),
        source_types=st.lists(TEXT, max_size=3),
        codes=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=3),
        failures=st.lists(TEXT, max_size=3),
        remote_url=st.none() | TEXT,
        message=st.none() | TEXT.map(quoted),
    )
)
def test_a_record_survives_json(found: Provenance) -> None:
    record = json.loads(json.dumps(to_record(found), sort_keys=True))
    assert from_record(Provenance, record) == found
    metadata = Metadata(provenance=found)
    assert from_record(Metadata, json.loads(json.dumps(to_record(metadata)))) == metadata
    assert found.text


def test_records_of_earlier_versions_are_read(make_evidence: Callable[..., Evidence]) -> None:
    old = to_record(Metadata())
    del old["provenance"]
    for presence, state in (("absent", "none"), ("present, not validated", "not_tested")):
        assert from_record(Metadata, {**old, "c2pa": presence}).provenance.state == state
    assert from_record(Metadata, old).provenance == Provenance()
    record = to_record(make_evidence())
    del record["metadata"]["provenance"]
    record["metadata"]["c2pa"] = "present, not validated"
    before = json.dumps(record)
    assert from_record(Evidence, record).metadata.provenance.state == "not_tested"
    assert json.dumps(record) == before
