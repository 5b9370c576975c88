"""A JupyterLab server of its own and a page of it in headless Chromium, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_QUIET = {"fetchNews": "false", "checkForUpdates": False}


def browser() -> str | None:
    """The path of a Chromium that is here."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(made, path)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab over a folder's `work`, everything it keeps beside it; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    places = {f"JUPYTER_{name}": str(folder / name) for name in kept}
    places |= {
        f"JUPYTERLAB_{name}": str(folder / name) for name in ("SETTINGS_DIR", "WORKSPACES_DIR")
    }
    quiet = folder / "SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--port-retries=0", "--IdentityProvider.token="),
        *("--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder / 'work'}"),
        "--expose-app-in-browser",
    ]
    environment = {**os.environ, **places, "IPYTHONDIR": str(folder / "ipython")}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, folder / "server.log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def page(address: str, path: str, notebook: str) -> Iterator[Any]:
    """A notebook open in the browser at `path`, all its cells run."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            shown = chromium.new_page(viewport={"width": 1500, "height": 1150})
            shown.set_default_timeout(60_000)
            shown.goto(f"{address}/lab/tree/{notebook}")
            shown.wait_for_function(
                """() => {
                    const notebook = window.jupyterapp?.shell?.currentWidget;
                    const session = notebook?.sessionContext;
                    return session?.isReady && session.kernelDisplayStatus === "idle";
                }"""
            )
            shown.evaluate(
                "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
            )
            yield shown
        finally:
            chromium.close()
