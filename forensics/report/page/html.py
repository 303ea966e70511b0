"""One record and its pictures as one HTML file: no script, no outside reference, nothing that differs between runs."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from forensics.messages import _, moment, ngettext, speaking
from forensics.records.canonical import printable_json, visible
from forensics.report.blocks import BLOCKS, Block
from forensics.report.page.curves import draw_curve_plot, draw_llr_plot
from forensics.report.page.plots import draw_strips, draw_tile_map
from forensics.report.pieces import canonical_pieces, digest_of

__all__ = ["RECORD_CLOSE", "RECORD_OPEN", "SEAL", "page_chunks", "render_blocks", "render_page", "seal"]

JsonObject: TypeAlias = dict[str, Any]

HERE = Path(__file__).parents[1]
RECORD_OPEN = '<pre id="record" tabindex="0">'
RECORD_CLOSE = "</pre>"
SEAL = "<!-- seal sha256:{} -->\n"


def render_page(record: JsonObject, pictures: Mapping[str, bytes]) -> bytes:
    """Return the whole file.

    Parameters
    ----------
    record : dict
        As `forensics.report.document` builds it, read back from its canonical form.
    pictures : mapping of str to bytes
        PNG bytes by figure id.

    Returns
    -------
    bytes
        UTF-8, ending with the seal.
    """
    with speaking(record["language"]):
        return b"".join(page_chunks(record, pictures))


def page_chunks(record: JsonObject, pictures: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the file that `render_page` returns piece by piece, in the language in force.

    Parameters
    ----------
    record : dict
        Its findings and the blocks of its sections may be `Items`, which are read one at a time.
    pictures : mapping of str to bytes
        Each is asked for when the page comes to it.
    """
    styles = _styles(record["report_id"])
    texts = (
        _environment()
        .get_template("report.html.j2")
        .generate(
            record=record,
            digest=digest_of(record),
            record_text=(Markup(_escaped(printable_json(text))) for text in canonical_pieces(record)),  # noqa: S704  # escaped in the same line
            record_open=Markup(RECORD_OPEN),  # noqa: S704  # our own constant
            record_close=Markup(RECORD_CLOSE),  # noqa: S704  # our own constant
            styles=Markup(styles),  # noqa: S704  # our own file, and an id of hexadecimal digits
            style_hash=base64.b64encode(hashlib.sha256(styles.encode("utf-8")).digest()).decode("ascii"),
            figures={f["id"]: f for f in record["figures"]},
            data=_InBase64(pictures),
            known_blocks=BLOCKS,
        )
    )
    sha256 = hashlib.sha256()
    for text in texts:
        chunk = text.encode("utf-8")
        sha256.update(chunk)
        yield chunk
    yield SEAL.format(sha256.hexdigest()).encode("ascii")


class _InBase64:
    """Pictures by figure id as a page holds them; each is encoded when the page comes to it."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        self._pictures = pictures

    def __getitem__(self, id_: str) -> str:
        return base64.b64encode(self._pictures[id_]).decode("ascii")


def render_blocks(blocks: Iterable[Block]) -> str:
    """Return blocks without figures as HTML, as the page of a report shows them; for other pages that speak of findings."""
    one = _environment().get_template("blocks.html.j2").module.one  # type: ignore[attr-defined]  # a macro of the template
    return "".join(str(one(block, {}, {})) for block in blocks)


def seal(body: bytes) -> bytes:
    """Return the last line of a report whose other bytes are `body`."""
    return SEAL.format(hashlib.sha256(body).hexdigest()).encode("ascii")


def _styles(report_id: str) -> str:
    """Return the style sheet with the running footer; `report_id` holds letters, digits and hyphens only."""
    if not report_id.replace("-", "").isalnum() or not report_id.isascii():
        raise ValueError(f"a report id holds ASCII letters, digits and hyphens, got {report_id!r}")
    page = _("Page {n} of {total}", n='" counter(page) "', total='" counter(pages) "')
    footer = f'@page {{ @bottom-left {{ content: "{report_id}"; }} @bottom-right {{ content: "{page}"; }} }}\n'
    return (HERE / "assets" / "report.css").read_text(encoding="utf-8") + footer


def _escaped(text: str) -> str:
    """Escape what opens markup, and leave quotes, which a JSON text is full of, as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(value: object) -> object:
    """Make every text that a template prints visible; markup of our own passes."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["_"] = _
    environment.globals["ngettext"] = ngettext
    environment.globals["moment"] = moment
    environment.globals["draw_strips"] = draw_strips
    environment.globals["draw_tile_map"] = draw_tile_map
    environment.globals["draw_curve_plot"] = draw_curve_plot
    environment.globals["draw_llr_plot"] = draw_llr_plot
    return environment
