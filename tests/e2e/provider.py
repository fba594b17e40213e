"""A real OpenID provider on loopback, and a person with a browser."""

import html.parser
import http.cookiejar
import json
import pathlib
import subprocess
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Optional

import house

HERE = pathlib.Path(__file__).resolve().parent
START_S = 30
STEPS_MAX = 10


class Provider:
    """`provider.mjs` as a process; its accounts may change at any time."""

    def __init__(self, root: pathlib.Path, **settings: Any):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.accounts = root / "accounts.json"
        self.settings = {"port": 0, "kid": "k1", "accounts": str(self.accounts),
                         **settings}
        self.url = ""
        self.process: Optional[subprocess.Popen] = None
        self.set_accounts({})
        self.start()

    def set_accounts(self, accounts: Dict[str, Dict[str, Any]]) -> None:
        self.accounts.write_text(json.dumps(accounts), encoding="utf-8")

    def start(self, **settings: Any) -> None:
        """Once more at the same address, with new keys."""
        self.settings.update(settings)
        file = self.root / "settings.json"
        file.write_text(json.dumps(self.settings), encoding="utf-8")
        node = HERE / "node_modules" / ".bin" / "node"
        log = open(self.root / "provider.log", "ab")
        self.process = subprocess.Popen(
            [str(node), str(HERE / "provider.mjs"), str(file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            cwd=self.root)
        house.STARTED.append(self.process)
        line = house.read_line(self.process, START_S)
        assert line, (self.root / "provider.log").read_text()[-3000:]
        self.url = json.loads(line)["url"]
        self.settings["port"] = urllib.parse.urlsplit(self.url).port

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()

    def restart(self, **settings: Any) -> None:
        self.stop()
        self.start(**settings)


class _Forms(html.parser.HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self, page: str):
        super().__init__()
        self.action: Optional[str] = None
        self.fields: Dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = of.get("action", "")
        if tag == "input" and self.action is not None and of.get("name"):
            self.fields.setdefault(of["name"], of.get("value") or "")


class Browser:
    """Keeps cookies, follows redirects, fills in forms."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.cookies))
        self.visited: List[str] = []

    def sign_in(self, url: str, login: str) -> str:
        """From that address to a page without a form; its text."""
        body = None
        for _ in range(STEPS_MAX):
            with self.opener.open(url, body, timeout=30) as answer:
                page = answer.read().decode()
                url = answer.geturl()
            self.visited.append(url)
            form = _Forms(page)
            if form.action is None:
                return page
            url = urllib.parse.urljoin(url, form.action)
            if "login" in form.fields:
                form.fields.update(login=login, password="any")
            body = urllib.parse.urlencode(form.fields).encode()
        raise AssertionError(f"no end of forms: {self.visited}")
