"""Checkpoints of the ledger and the audit: that they hold while the logs grow,
and that whatever is taken away behind the gate's back is found."""

import http.server
import json
import re
import shutil
import sqlite3
import threading

import pytest

import house
from dialects import ANTHROPIC
from double import Script, Step, text
from plain_http import ask

TRIGGERS = ("audit_update", "audit_delete", "audit_leaf_update",
            "audit_leaf_delete")


def talk(site, gate, times: int = 1) -> None:
    """Some exchanges by one person, all of them in the ledger."""
    key = site.key()
    for _ in range(times):
        answer = ANTHROPIC.ask(gate.url, headers={"x-api-key": key})
        assert answer.status == 200, answer


@pytest.fixture
def kept(site, tmp_path):
    """A folder with three exchanges that nobody holds, and its checkpoint."""
    gate = site.serve()
    talk(site, gate, 3)
    gate.stop()
    path = tmp_path / "checkpoint.txt"
    path.write_text(site.ok("ledger", "checkpoint"), encoding="utf-8")
    return path


def verify(site, *more):
    """The exit code, and what it said."""
    done = site.cofferdam("ledger", "verify", "--json", *more)
    assert done.code in (0, 1), done
    said = json.loads(done.out)
    assert said["ok"] == (done.code == 0)
    return done.code, said


def tamper(site, statements: str) -> None:
    base = sqlite3.connect(site.data / "policy.sqlite")
    for name in TRIGGERS:
        base.execute(f"DROP TRIGGER {name}")
    base.executescript(statements)
    base.close()


def test_a_checkpoint_holds_while_the_logs_grow(site, kept):
    words = kept.read_text(encoding="utf-8").splitlines()
    assert words[0].startswith("cofferdam-") and words[1] == "3"
    assert re.fullmatch(r"audit \d+ \S{44}", words[3])
    gate = site.serve()
    talk(site, gate, 2)
    # Through the server that holds the folder.
    code, said = verify(site, "--against", kept)
    assert code == 0, said
    assert said["ledger"]["exchanges"] == 5 and said["ledger"]["texts"] == 5
    assert said["against"][0]["ledger_size"] == 3
    gate.stop()
    out = site.ok("ledger", "verify", "--against", kept)
    assert "holds" in out and "nothing was changed or removed" in out


def test_an_audit_row_that_was_deleted_is_named(site, kept):
    tamper(site, "DELETE FROM audit WHERE sequence = 2")
    code, said = verify(site, "--against", kept)
    assert code == 1
    assert said["audit"]["differences"] == ["audit row 2 is missing"]
    done = site.cofferdam("ledger", "verify")
    assert done.code == 1 and "audit row 2 is missing" in done.out


def test_an_audit_row_that_was_changed_is_named(site, kept):
    tamper(site, "UPDATE audit SET actor = 'local2' WHERE sequence = 1")
    code, said = verify(site)
    assert code == 1
    assert said["audit"]["differences"] == [
        "audit row 1 is not the one of its leaf"]


def test_an_audit_begun_anew_is_found_by_the_checkpoint(site, kept):
    tamper(site, "DELETE FROM audit; DELETE FROM audit_leaf;"
                 "DELETE FROM audit_tree;")
    assert verify(site)[0] == 0
    code, said = verify(site, "--against", kept)
    assert code == 1
    assert "the audit's log has" in said["against"][0]["difference"]


def test_an_older_copy_of_the_folder_is_found(site, kept, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(site.data, older)
    gate = site.serve()
    talk(site, gate)
    gate.stop()
    newer = tmp_path / "newer.txt"
    newer.write_text(site.ok("ledger", "checkpoint"), encoding="utf-8")
    shutil.rmtree(site.data)
    shutil.copytree(older, site.data)
    assert verify(site, "--against", kept)[0] == 0
    code, said = verify(site, "--against", newer)
    assert code == 1
    assert "the last 1 are gone" in said["against"][0]["difference"]


def test_another_ledger_in_its_place_is_found(site, kept):
    shutil.rmtree(site.data / "ledger")
    shutil.rmtree(site.data / "index", ignore_errors=True)
    for path in site.data.glob("account.sqlite*"):
        path.unlink()
    gate = site.serve()
    talk(site, gate, 3)
    gate.stop()
    assert verify(site)[0] == 0
    code, said = verify(site, "--against", kept)
    assert code == 1
    assert "are not the ones it had" in said["against"][0]["difference"]


def test_another_key_is_found(site, kept, tmp_path):
    public = (site.data / "checkpoint.pub").read_text().strip()
    assert site.ok("ledger", "checkpoint", "--key").strip() == public
    (site.data / "checkpoint.key").unlink()
    assert site.ok("ledger", "checkpoint", "--key").strip() != public
    code, said = verify(site, "--against", kept)
    assert code == 1 and "not by cofferdam-" in said["differences"][0]
    # Whoever kept the key still believes what it signed.
    assert verify(site, "--against", kept, "--key", public)[0] == 0


def test_a_checkpoint_with_another_byte_is_none(site, kept):
    kept.write_text(kept.read_text(encoding="utf-8").replace(
        "\n3\n", "\n2\n"), encoding="utf-8")
    code, said = verify(site, "--against", kept)
    assert code == 1 and "is not what" in said["differences"][0]
    kept.write_text("hello\n", encoding="utf-8")
    done = site.cofferdam("ledger", "verify", "--against", kept)
    assert done.code == 2 and "signed note" in done.err


def test_what_was_purged_is_audited_and_verifies(site, kept, double):
    double.use_script(Script([Step([text("The heron stands in the reeds.")])],
                       credential=house.UPSTREAM_KEY))
    gate = site.serve()
    talk(site, gate)
    exchange = site.exchanges()[-1]
    reason = ("--reason", "asked to forget")
    assert site.cofferdam("ledger", "purge", "--exchange",
                          exchange["id"]).code == 2
    site.ok("ledger", "purge", "--exchange", exchange["id"], *reason)
    shown = site.cofferdam("ledger", "show", exchange["id"], "--text",
                           "--reason", "look")
    assert shown.code == 2 and "not kept" in shown.err
    out = site.ok("ledger", "purge", "--person", house.PERSON, "--records",
                  *reason)
    assert "records of 4 exchanges" in out
    assert all("person" not in e["origin"] for e in site.exchanges())
    code, said = verify(site, "--against", kept)
    assert code == 0, said
    assert said["ledger"]["purged_records"] == 4
    gate.stop()
    files = [p for p in site.data.rglob("*") if p.is_file()]
    assert not any(b"heron stands" in p.read_bytes() for p in files)
    # A purge that nobody audited is none.
    tamper(site, "UPDATE audit SET action = 'x'"
                 " WHERE action = 'ledger.purge'")
    code, said = verify(site)
    assert code == 1 and "were purged" in said["differences"][0]


def test_secrets_in_outputs_are_masked_before_they_are_stored(site, double):
    secret = "ghp_" + "4qZ7kR2mXw" * 4
    double.use_script(Script([Step([text(f"Use {secret} for it.")])],
                             credential=house.UPSTREAM_KEY))
    gate = site.serve()
    key = site.key()
    answer = ANTHROPIC.ask(gate.url, headers={"x-api-key": key})
    assert secret in ANTHROPIC.said(answer.body)  # what the engineer got
    exchange = site.exchanges()[0]
    assert exchange["notes"] == ["secrets_masked:1"]
    shown = site.ok("ledger", "show", exchange["id"], "--text", "--reason",
                    "look")
    assert "Use ghp_" + "X" * 40 + " for it." in shown
    gate.stop()
    files = [p for p in site.data.rglob("*") if p.is_file()]
    assert not any(secret.encode() in p.read_bytes() for p in files)


def published(site, target) -> None:
    words = site.config.read_text(encoding="utf-8")
    site.configure(f'{words}\n[checkpoint]\npublish = "{target}"\n'
                   "every_s = 1\n")


def test_serve_publishes_checkpoints_to_a_folder(site, tmp_path):
    folder = tmp_path / "published"
    published(site, folder)
    gate = site.serve()
    house.poll((folder / "latest.txt").exists, "a first checkpoint")
    talk(site, gate, 2)
    house.poll(lambda: (folder / "latest.txt").read_text().splitlines()[1]
               == "2", "the checkpoint of two exchanges")
    metrics = ask(gate.ready["admin"], "/metrics").body.decode()
    assert "cofferdam_checkpoints_published_total" in metrics
    gate.stop()
    names = sorted(path.name for path in folder.iterdir())
    assert names[-1] == "latest.txt" and len(names) >= 3
    assert all(re.fullmatch(r"checkpoint-\d{12}-\d{12}.txt", name)
               for name in names[:-1])
    # All of them at once.
    code, said = verify(site, "--against", folder)
    assert code == 0 and len(said["against"]) == len(names) - 1


class Shelf(http.server.BaseHTTPRequestHandler):
    """Keeps what is PUT, unless it is to fail."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.broken:
            self.send_error(503)
            return
        self.server.kept[self.path] = body
        self.send_response(201)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self):
        body = self.server.kept[self.path]
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def shelf():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.kept, server.broken = {}, False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_serve_publishes_checkpoints_to_a_url_and_goes_on_without(
        site, shelf):
    url = f"http://127.0.0.1:{shelf.server_port}/logs"
    shelf.broken = True
    published(site, url)
    gate = site.serve()
    house.poll(lambda: "checkpoint_not_published" in gate.log.read_text(),
               "a failure in the log")
    talk(site, gate)
    shelf.broken = False
    house.poll(lambda: shelf.kept.get("/logs/latest.txt", b"").splitlines()
               [1:2] == [b"1"], "the checkpoint of one exchange")
    metrics = ask(gate.ready["admin"], "/metrics").body.decode()
    failures = re.search(r"^cofferdam_checkpoint_failures_total (\d+)",
                         metrics, re.M)
    assert int(failures[1]) >= 1
    assert verify(site, "--against", f"{url}/latest.txt")[0] == 0
    gate.stop()
