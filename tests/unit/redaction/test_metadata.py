"""Metadata of a copy: no place, no name, and still said what was there."""

import json

import pytest

from forensics.records.converting import from_record, to_record
from forensics.redaction import WITHHELD, Redaction, redacted_metadata
from forensics.types import Evidence, Metadata
from tests.pictures_with_traces import NAMES, PLACES, SERIAL, TOWN, WHO, traced

MODES = [
    Redaction.of(True),
    Redaction.of("faces"),
    Redaction(what="regions", regions={"a" * 64: []}),
    Redaction(names=True),
    Redaction(what="faces", style="blur", names=True),
    Redaction(places=True),
]


@pytest.mark.parametrize("redaction", MODES)
def test_no_place_and_no_name_is_left_of_twenty_exhibits(redaction: Redaction) -> None:
    for made in traced(20, side=128):
        metadata = to_record(Evidence.from_bytes(made.data, name=made.name).metadata)
        before = json.dumps(metadata)
        assert [n for n in (*NAMES, *PLACES) if n in before] == [
            *NAMES,
            PLACES[0],
        ]  # Freedonia is in XMP, which is not read
        assert [n for n in made.position if n in before]
        told = json.dumps(redacted_metadata(metadata, redaction), ensure_ascii=False)
        assert json.dumps(metadata) == before
        assert not [p for p in (*made.position, *PLACES) if p in told]
        if redaction.names:
            assert not [n for n in NAMES if n in told]
            assert WHO.split()[0] not in told.replace("\\u0000", "")
        assert "56 45 4e 44" not in told  # the maker's data
        assert "+02:00" not in told
        for kept in ("Canon", "EOS 40D", "2026:01:02 03:04:05", '"thumbnail": true', "4:2:0"):
            assert kept in told


def test_what_is_there_is_said_and_the_record_stays_one() -> None:
    made = next(traced(1, side=128))
    metadata = Evidence.from_bytes(made.data).metadata
    told = from_record(Metadata, redacted_metadata(to_record(metadata), Redaction(names=True)))
    assert set(told.exif) == set(metadata.exif)
    assert told.exif["GPSLatitude"] == told.exif["BodySerialNumber"] == told.exif["tag 0xc7a1"] == WITHHELD
    assert told.quantisation == metadata.quantisation
    assert told.software[0] == WITHHELD  # it holds the name of the owner
    shown = redacted_metadata(to_record(metadata), Redaction.of(True))
    assert shown["exif"]["BodySerialNumber"] == SERIAL
    assert shown["exif"]["ImageDescription"] == WITHHELD  # free text can name a place


def test_nothing_is_withheld_where_nothing_is_redacted() -> None:
    metadata = {"exif": {"GPSLatitude": "1"}, "xmp_fields": {"photoshop:City": TOWN}, "sizes": (1, 2)}
    assert redacted_metadata(metadata, Redaction()) == {**metadata, "sizes": [1, 2]}


@pytest.mark.parametrize(
    "key",
    [
        "City", "photoshop:City", "Iptc4xmpCore:Location", "Sub-location", "Sublocation", "SubLocation", "Country/PrimaryLocationName",
        "CountryCode", "Province-State", "ProvinceState", "photoshop:State", "exif:GPSLatitude", "GPSDestBearing", "gps_altitude",
        "LocationShownCity", "Iptc4xmpExt:LocationCreated", "geotag", "TimeZoneOffset", "dc:description", "Caption-Abstract",
        "UserComment", "Headline", "dc:subject", "Keywords", "mwg-rs:Regions", "MakerNote", "PreviewImage", "xmpMM:History",
    ],
)  # fmt: skip
def test_fields_that_tell_a_place_are_known_by_their_names(key: str) -> None:
    if key == "TimeZoneOffset":
        assert redacted_metadata({"exif": {key: "2"}}, Redaction(places=True))["exif"][key] == WITHHELD
        return
    record = {"file": {"xmp_data": [{key: "Somewhere", "tiff:Make": "Canon"}]}}
    told = redacted_metadata(record, Redaction(places=True))
    assert "Somewhere" not in json.dumps(told)
    nested = redacted_metadata({key: {"a": ["Somewhere", {"b": 41.25}]}}, Redaction(places=True))
    assert nested == {key: WITHHELD}


@pytest.mark.parametrize(
    "key",
    [
        "dc:creator", "By-line", "Artist", "CameraOwnerName", "aux:OwnerName", "dc:rights", "Copyright", "Credit", "Contact",
        "BodySerialNumber", "aux:SerialNumber", "LensSerialNumber", "HostComputer", "ImageUniqueID", "XPAuthor",
        "Iptc4xmpExt:PersonInImage", "signer", "xmpMM:DocumentID", "xmpMM:InstanceID", "captionWriter", "web_url",
    ],
)  # fmt: skip
def test_fields_that_tell_a_person_are_known_by_their_names(key: str) -> None:
    names = redacted_metadata({"xmp_data": 1, "more": {key: "Someone"}}, Redaction(names=True))
    assert names["more"] == {key: WITHHELD}
    if key != "captionWriter":
        assert redacted_metadata({"more": {key: "Someone"}}, Redaction(places=True))["more"] == {key: "Someone"}


def test_what_only_says_that_something_is_there_stays() -> None:
    record = {
        "thumbnail": True,
        "xmp": False,
        "location": None,
        "keywords": [],
        "xmp:CreatorTool": "Editor 3",
        "state": "valid",
    }
    assert redacted_metadata(record, Redaction(names=True)) == record


def test_profiles_named_after_their_owner_are_withheld() -> None:
    for given, named in (("sRGB IEC61966-2.1", "sRGB IEC61966-2.1"), ("iMac of Mirela", WITHHELD), (None, None)):
        assert redacted_metadata({"icc_profile": given}, Redaction(names=True)) == {"icc_profile": named}
        assert redacted_metadata({"icc_profile": given}, Redaction.of(True)) == {"icc_profile": given}


def test_a_name_is_found_again_in_parts_but_no_date_is() -> None:
    exif = {
        "Artist": "M\0i\0r\0e\0l\0a\0",
        "DateTimeOriginal": "2026:01:02 03:04:05",
        "GPSDateStamp": "2026:01:02",
        "Model": "X",
    }
    record = {"exif": {**exif, "CameraOwnerName": "Mirela Vantonescu"}, "software": ["Vantonescu Tool", "Other"]}
    told = redacted_metadata(record, Redaction(names=True))
    assert told["software"] == [WITHHELD, "Other"]
    assert told["exif"]["DateTimeOriginal"] == exif["DateTimeOriginal"]
    assert told["exif"]["GPSDateStamp"] == WITHHELD
