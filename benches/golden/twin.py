"""Two repositories that live the same life: the real one, and its twin, in
which every line carries its number. Whatever git does to one it is asked to
do to the other; then the twin says whose line is whose, as long as both hold
the same words. Where they do not, there is an error and no truth."""

import dataclasses
import os
import pathlib
import subprocess
from typing import Dict, List, Optional

from . import lines as ls

NOTES = "refs/notes/ai"
CONFIG = {"gc.auto": "0", "core.fsync": "none", "user.name": "Site",
          "user.email": "site@example.com", "commit.gpgsign": "false",
          "core.autocrlf": "false", "advice.detachedHead": "false",
          # What git itself can do to keep notes with rewritten commits.
          "notes.rewriteRef": NOTES, "notes.rewriteMode": "concatenate"}


class GitFailed(Exception):
    """git ended with an error; the message holds its words."""


class TwinsDiffer(Exception):
    """git did not do the same to both."""


def environment(more: Optional[Dict[str, str]] = None) -> Dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
            "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true", **(more or {})}


def git(folder: pathlib.Path, *words: str, stdin: Optional[str] = None,
        env: Optional[Dict[str, str]] = None) -> str:
    done = subprocess.run(["git", *map(str, words)], cwd=folder, input=stdin,
                          capture_output=True, text=True, check=False,
                          env=environment(env), errors="surrogateescape")
    if done.returncode != 0:
        raise GitFailed(f"git {' '.join(map(str, words))}: "
                        f"{done.stdout}{done.stderr}".strip())
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Who:
    name: str
    email: str


def dated(who: Who, at: Optional[int]) -> Dict[str, str]:
    """The variables that sign a commit; now unless `at` (seconds) is given."""
    when = {} if at is None else {"GIT_AUTHOR_DATE": f"@{at} +0000",
                                  "GIT_COMMITTER_DATE": f"@{at} +0000"}
    return {"GIT_AUTHOR_NAME": who.name, "GIT_AUTHOR_EMAIL": who.email,
            "GIT_COMMITTER_NAME": who.name,
            "GIT_COMMITTER_EMAIL": who.email, **when}


class Twin:
    """`root`/real and `root`/shadow."""

    def __init__(self, root: pathlib.Path, remote: str):
        self.root, self.remote = root, remote
        self.real, self.shadow = root / "real", root / "shadow"

    @classmethod
    def made(cls, root: pathlib.Path, remote: str) -> "Twin":
        twin = cls(root, remote)
        for folder in (twin.real, twin.shadow):
            folder.mkdir(parents=True)
            git(folder, "init", "-q", "-b", "main")
            git(folder, "remote", "add", "origin", remote)
            twin._configure(folder)
        return twin

    def cloned(self, root: pathlib.Path, branch: str = "main") -> "Twin":
        """A clone of both with all branches and notes."""
        twin = Twin(root, self.remote)
        for source, folder in ((self.real, twin.real),
                               (self.shadow, twin.shadow)):
            folder.parent.mkdir(parents=True, exist_ok=True)
            git(root, "clone", "-q", "--no-local", "--mirror", source,
                folder / ".git")
            git(folder, "config", "core.bare", "false")
            git(folder, "config", "--unset", "remote.origin.mirror")
            git(folder, "config", "--unset", "remote.origin.fetch")
            git(folder, "remote", "set-url", "origin", self.remote)
            self._configure(folder)
            git(folder, "checkout", "-q", "-f", branch)
        return twin

    @staticmethod
    def _configure(folder: pathlib.Path) -> None:
        for name, value in CONFIG.items():
            git(folder, "config", name, value)

    def both(self, *words: str, env: Optional[Dict[str, str]] = None) -> None:
        for folder in (self.real, self.shadow):
            git(folder, *words, env=env)

    # Trees

    def write(self, changes: Dict[str, Optional[ls.Document]]) -> None:
        """Puts documents into both work trees; None takes a file away."""
        for path, document in changes.items():
            for folder, words in ((self.real, ls.text_of),
                                  (self.shadow, ls.numbered)):
                file = folder / path
                if document is None:
                    file.unlink()
                    continue
                file.parent.mkdir(parents=True, exist_ok=True)
                text = words(document)
                if not file.exists() or file.read_text() != text:
                    file.write_text(text)

    def tree(self) -> ls.Tree:
        """What is checked out; TwinsDiffer unless both hold the same words."""
        found = {}
        names = git(self.shadow, "ls-files", "-z").split("\0")[:-1]
        if names != git(self.real, "ls-files", "-z").split("\0")[:-1]:
            raise TwinsDiffer("they hold other files")
        for name in names:
            found[name] = ls.parsed((self.shadow / name).read_text())
            if ls.text_of(found[name]) != (self.real / name).read_text():
                raise TwinsDiffer(f"{name} has other words")
        return found

    def commit(self, words: str, who: Who, at: int) -> str:
        """The same commit in both; the real one's id."""
        for folder in (self.real, self.shadow):
            git(folder, "add", "-A")
            git(folder, "commit", "-q", "--allow-empty", "-F", "-",
                stdin=words, env=dated(who, at))
        return self.head()

    def head(self) -> str:
        return git(self.real, "rev-parse", "HEAD").strip()

    def ids(self, revisions: str) -> List[str]:
        """Oldest first, of the real one."""
        return git(self.real, "rev-list", "--reverse", "--topo-order",
                   revisions).split()
