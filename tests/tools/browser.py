# SPDX-License-Identifier: MIT
"""A headless Chromium, told what to do over a pipe (the DevTools protocol), as
somebody would who has a screen, a mouse, fingers and keys."""

import atexit
import base64
import json
import os
import select
import subprocess
import time


class Browser:
    def __init__(self, folder):
        read, self.out = os.pipe()
        self.into, write = os.pipe()

        def ends():
            # The browser reads from 3 and writes to 4.
            a, b = os.dup(read), os.dup(write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={folder}/profile"],
            preexec_fn=ends, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.end)
        os.close(read)
        os.close(write)
        self.number, self.left, self.session = 0, b"", None
        self.requests, self.errors = [], []

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def message(self):
        while b"\0" not in self.left:
            if not select.select([self.into], [], [], 120)[0]:
                raise SystemExit("not ok browser - it does not answer")
            data = os.read(self.into, 1 << 20)
            if not data:
                raise SystemExit("not ok browser - it ended")
            self.left += data
        one, self.left = self.left.split(b"\0", 1)
        m = json.loads(one)
        if m.get("method") == "Network.requestWillBeSent":
            self.requests.append(m["params"]["request"]["url"])
        if m.get("method") == "Runtime.exceptionThrown":
            self.errors.append(m["params"]["exceptionDetails"])
        return m

    def call(self, method, **params):
        self.number += 1
        m = {"id": self.number, "method": method, "params": params}
        if self.session:
            m["sessionId"] = self.session
        data = json.dumps(m).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            m = self.message()
            if m.get("id") == self.number:
                if "error" in m:
                    raise SystemExit(f"not ok {method} - {m['error']}")
                return m["result"]

    def open(self, path, width, scheme, scripts=True):
        """A page in a tab of its own, as soon as it has drawn."""
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]
        self.requests, self.errors = [], []
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=900 if width > 600 else 812, deviceScaleFactor=2,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=f"file://{path}")
        self.wait_for("document.readyState === 'complete'")
        if scripts:
            self.wait_for("document.body.classList.contains('live') || "
                          "document.getElementById('facts').textContent")
            self.frames()

    def run(self, script):
        r = self.call("Runtime.evaluate", expression=script,
                      awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in r:
            self.errors.append(r["exceptionDetails"])
        return r["result"].get("value")

    def wait_for(self, condition):
        end = time.monotonic() + 60
        while not self.run(f"!!({condition})"):
            if time.monotonic() > end:
                raise SystemExit(f"not ok browser - never {condition}")
            time.sleep(0.05)

    def frames(self):
        self.run("new Promise(r => requestAnimationFrame(() => "
                 "requestAnimationFrame(() => setTimeout(r))))")

    def text(self, name):
        return self.run(f"document.getElementById('{name}').innerText")

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def key(self, key, code=0, text=None):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key,
                      windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))
        self.frames()

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y,
                      button="left", clickCount=1)
        self.frames()

    def tap(self, x, y):
        self.call("Input.dispatchTouchEvent", type="touchStart",
                  touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.frames()

    def hover(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.frames()

    def wheel(self, x, y, delta):
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y,
                  deltaX=0, deltaY=delta)
        self.frames()
