"""A real JupyterLab in headless Chromium: open cells as a notebook, run them, look and click, ask the kernel.

::

    with jupyterlab(tmp_path) as lab:
        page = lab.open(["import forensics as fx", "fx.explore(...)"])   # a Playwright page; all cells have run
        page.get_by_role("radio", name="Swipe").check()
        assert lab.run("print(view.mode)") == "swipe"                    # in the kernel of that notebook
        assert lab.strangers() == [] and lab.complaints == []

Playwright drives Debian's chromium, so nothing is downloaded.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.browser import CHROMIUM

FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
TOKEN = "for-tests-on-this-machine"  # noqa: S105  # the server listens on 127.0.0.1 only and lives for one test
PATIENCE = 60  # seconds
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every output stays in the page
}
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
EXECUTE = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const said = [];
  const future = kernel.requestExecute({ code, store_history: false });
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === 'stream') said.push(content.text);
    if (header.msg_type === 'error') said.push(content.ename + ': ' + content.evalue);
  };
  const reply = await future.done;
  return [reply.content.status, said.join('')];
}"""
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.type === 'code' ? cell.model.outputs.toJSON() : [])
  .filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue)"""


@dataclass
class Lab:
    """A running JupyterLab and a browser.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The last one that was opened.
    requests : list of str
        Every address that a page asked for, web sockets too.
    complaints : list of str
        Errors and warnings of the console, and exceptions that nobody caught, but for those that JupyterLab's own code
        throws all by itself.
    """

    folder: Path
    url: str
    browser: Browser
    page: Page = field(init=False)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, cells: Sequence[str], *, width: int = 1280, height: int = 1000) -> Page:
        """Open a notebook of these code cells, run all of them, and return its page."""
        name = f"notebook-{len(list(self.folder.glob('*.ipynb')))}.ipynb"
        (self.folder / name).write_text(json.dumps(_notebook(cells)), encoding="utf-8")
        self.page = page = self.browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda opened: self.requests.append(opened.url))
        page.on("pageerror", self._thrown)
        page.on(
            "console",
            lambda m: (
                self.complaints.append(f"{m.text} {m.location['url']}") if m.type in ("error", "warning") else None
            ),
        )
        page.goto(f"{self.url}lab/tree/{name}?token={TOKEN}&reset")
        page.wait_for_function(READY)
        page.evaluate(RUN_ALL)
        if errors := page.evaluate(ERRORS):
            raise RuntimeError(f"cells failed: {errors}")
        return page

    def run(self, code: str) -> str:
        """Run code in the kernel of the notebook, after everything it was sent before, and return what it printed."""
        status, said = self.page.evaluate(EXECUTE, code)
        if status != "ok":
            raise RuntimeError(f"{code!r} failed in the kernel: {said}")
        return str(said).strip()

    def wait(self, code: str, expected: str) -> None:
        """Run code in the kernel until it prints what is expected; widgets send what they hold a little later."""
        deadline = time.monotonic() + 10
        while (said := self.run(code)) != expected:
            if time.monotonic() > deadline:
                raise AssertionError(f"{code} printed {said!r}, not {expected!r}")
            time.sleep(0.05)

    def theme(self, name: str) -> None:
        """Change to JupyterLab's theme "Light" or "Dark", as from its menu."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${name}` })", name
        )
        light = str(name == "Light").lower()
        self.page.wait_for_function(
            f"() => document.body.dataset.jpThemeLight === '{light}' && !document.querySelector('#jupyterlab-splash')"
        )

    def strangers(self) -> list[str]:
        """Return the addresses that are neither on this machine nor data of the page itself."""
        return [a for a in self.requests if urlsplit(a).scheme not in ("data", "blob") and _host(a) != "127.0.0.1"]

    def _thrown(self, error: Error) -> None:
        places = re.findall(r"\b(?:https?|blob):\S+", error.stack or "")
        if not places or any("/static/lab/" not in place for place in places):
            self.complaints.append(error.stack or str(error))


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab in a folder, with no settings or extensions of the user, and a browser."""
    if CHROMIUM is None:
        raise FileNotFoundError("chromium is not installed. Install Debian's chromium.")
    for name, values in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"),
                *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
                "--LabApp.extension_manager=readonly",
            ],
            cwd=folder,
            env=os.environ | _places(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        url = _address(folder, server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False)
            try:
                yield Lab(folder, url, browser)
            finally:
                browser.close()
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _places(folder: Path) -> dict[str, str]:
    """Return environment variables that keep everything of Jupyter in the folder."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")
    return {
        **{name: str(folder / name.lower()) for name in names},
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }


def _address(folder: Path, server: subprocess.Popen[bytes]) -> str:
    """Return the address of the server as soon as it answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for file in (folder / "jupyter_runtime_dir").glob("jpserver-*.json"):
            text = file.read_text(encoding="utf-8")
            if text.endswith("}"):
                return str(json.loads(text)["url"]).replace("localhost", "127.0.0.1")
        time.sleep(0.05)
    raise TimeoutError(f"JupyterLab did not start:\n{(folder / 'server.log').read_text()[-2000:]}")


def _host(address: str) -> str | None:
    return urlsplit(address).hostname


def _notebook(cells: Sequence[str]) -> dict[str, object]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "id": f"cell-{k}",
                "cell_type": "code",
                "metadata": {},
                "source": c,
                "outputs": [],
                "execution_count": None,
            }
            for k, c in enumerate(cells)
        ],
    }
