# temporary while parts are being made
try:
    from forensics.evidence import KnownFiles, perceptual_hashes
except ImportError:
    KnownFiles = object

    def perceptual_hashes(pixels):
        return {"phash": "0" * 16}


try:
    from forensics.redaction import Redaction, redacted_metadata
except ImportError:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Redaction:
        what: str = "none"
        style: str = "opaque"
        names: bool = False

        @classmethod
        def of(cls, v):
            if isinstance(v, Redaction):
                return v
            if isinstance(v, dict):
                return cls(**v)
            return cls(what={True: "whole", False: "none", None: "none"}.get(v, v))

        def to_dict(self):
            return {"what": self.what, "style": self.style, "names": self.names}

        def boxes_of(self, e):
            return ()

    def redacted_metadata(m, r):
        m = dict(m)
        m["exif"] = {
            k: ("Present; withheld in this copy." if k.lower().startswith("gps") else v) for k, v in m["exif"].items()
        }
        return m


try:
    from forensics.types import Provenance
except ImportError:

    class Provenance:
        state = "none"
        actions = ()
        claim_generator = title = signer = signed_at = sdk_version = trust_list_sha256 = ""
        codes = ()
        text = ""
