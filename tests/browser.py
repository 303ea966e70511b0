"""A page in headless Chromium, driven over its DevTools protocol.

``python -m tests.browser PAGE PICTURE.png [WIDTH HEIGHT]`` writes a picture of the first screen.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 60  # seconds


class Page:
    """One tab, with all that the browser complained about and all that it asked for."""

    def __init__(self, address: str) -> None:
        self.socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self.number = 0
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.loaded = False
        for domain in ("Page", "Runtime", "Log", "Network", "Security"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its result."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        number = self.number
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])
            self._note(message["method"], message["params"])

    def open(self, path: Path) -> None:
        """Load a file and wait until it and its pictures are there."""
        self.loaded = False
        self.send("Page.navigate", url=path.resolve().as_uri())
        deadline = time.monotonic() + PATIENCE
        while self.value("document.readyState") != "complete" or not self.loaded:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} did not load")
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def resize(self, width: int, height: int, *, scale: float = 1) -> None:
        """Set the size of the window, in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    def picture(self) -> bytes:
        """Return a PNG of what the window shows."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def _note(self, method: str, values: dict[str, Any]) -> None:
        if method == "Log.entryAdded":
            self.complaints.append(str(values["entry"]["text"]))
        elif method == "Runtime.consoleAPICalled" or method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(values)[:500])
        elif method == "Network.requestWillBeSent":
            self.requests.append(str(values["request"]["url"])[:200])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(str(values["message"]))
            self.number += 1
            self.socket.send(
                json.dumps({"id": self.number, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}})
            )
        elif method == "Page.loadEventFired":
            self.loaded = True


@contextmanager
def chromium() -> Iterator[Page]:
    """Start a browser with a profile of its own, and yield its first tab."""
    if CHROMIUM is None:
        raise FileNotFoundError("chromium is not installed. Install Debian's chromium.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            page = Page(_address(Path(profile) / "DevToolsActivePort", process))
            yield page
            page.socket.close()
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address of the first tab as soon as the browser tells it."""
    import http.client

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and len(file.read_text().splitlines()) == 2:
            port = int(file.read_text().splitlines()[0])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", "/json/list")
            tabs = [t for t in json.loads(connection.getresponse().read()) if t["type"] == "page"]
            connection.close()
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise TimeoutError("chromium did not start")


if __name__ == "__main__":
    width, height = (int(v) for v in sys.argv[3:5]) if len(sys.argv) > 4 else (900, 1200)
    with chromium() as opened:
        opened.resize(width, height)
        opened.open(Path(sys.argv[1]))
        Path(sys.argv[2]).write_bytes(opened.picture())
