"""Parquet, Arrow files, objects of S3 and git revisions in scans; and which
libraries the program maps, since Arrow must cost nothing where it is not used.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.request

import pytest

import house

HERE = pathlib.Path(__file__).resolve().parent
TABLES = HERE / "tables"
OUTPUT = (TABLES / "output.txt").read_text()
PLUGIN = house.binary().parent / "libcofferdam_arrow.so"
ARROW = re.compile(r"lib(cofferdam_)?(arrow|parquet)")

needs_arrow = pytest.mark.skipif(
    not PLUGIN.exists(), reason="built without Arrow; tools/arrow.sh")


@pytest.fixture
def site(tmp_path):
    """A ledger that holds one output, OUTPUT, which may not train."""
    made = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data", anthropic="http://127.0.0.1:1"))
    line = {"provider": "anthropic", "model": "claude-sample",
            "contract": "claude-api", "text": OUTPUT, "path": "settle.py"}
    lines = tmp_path / "outputs.jsonl"
    lines.write_text(json.dumps(line) + "\n")
    made.ok("import", "jsonl", lines)
    return made


@pytest.fixture
def store(tmp_path):
    """A server of S3 on loopback with the bucket `corpus`."""
    node = shutil.which("node", path=f"{HERE}/node_modules/.bin:/usr/bin:"
                        + os.environ["PATH"])
    process = subprocess.Popen(
        [node, HERE / "object_store" / "server.cjs", tmp_path / "objects",
         "corpus"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    house.STARTED.append(process)
    port = house.read_line(process, 20).decode().strip()
    assert port, "the server of S3 did not start; run install_agents.sh"
    yield Store(f"http://127.0.0.1:{port}")
    process.stdin.close()
    process.wait(timeout=20)


class Store:
    def __init__(self, url):
        self.url = url
        self.env = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "S3RVER",
                    "AWS_SECRET_ACCESS_KEY": "S3RVER",
                    "AWS_EC2_METADATA_DISABLED": "true"}

    def put(self, name, data: bytes):
        request = urllib.request.Request(
            f"{self.url}/corpus/{name}", data=data, method="PUT")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200


def scan(site, *words, env=None):
    done = site.cofferdam("scan", "--json", *words, env=env, timeout_s=120)
    assert done.code in (0, 1), done
    return json.loads(done.out)


def places(said):
    return sorted({(pathlib.Path(f["path"]).name, f.get("record"),
                    f.get("field")) for f in said["findings"]},
                  key=str)


def loaded(*words, site=None):
    """Names of the libraries that a command maps while it runs."""
    env = {**(site.env() if site else {}), "LD_DEBUG": "libs"}
    done = subprocess.run([house.binary(), *map(str, words)], env=env,
                          capture_output=True, text=True, timeout=60)
    return {pathlib.Path(path).name for path in
            re.findall(r"calling init: (\S+)", done.stderr)}


def linked():
    done = subprocess.run(["ldd", house.binary()], capture_output=True,
                          text=True, check=True)
    return {pathlib.Path(path).name
            for path in re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout)}


def test_no_command_maps_arrow_unless_it_reads_a_table(site):
    assert len(linked()) > 5 and not [n for n in linked() if ARROW.match(n)]
    version = loaded("--version")
    assert version <= linked(), version - linked()
    plain = loaded("scan", TABLES / "make.py", site=site)
    assert plain and not [name for name in plain if ARROW.match(name)]
    gate = site.serve()
    maps = pathlib.Path(f"/proc/{gate.process.pid}/maps").read_text()
    gate.stop()
    assert "libc.so" in maps and not ARROW.search(maps)


@needs_arrow
def test_a_table_maps_arrow(site):
    # Else the test above could not fail.
    seen = loaded("scan", TABLES / "rows.parquet", site=site)
    assert PLUGIN.name in seen
    assert any(name.startswith("libparquet.so") for name in seen)


def test_without_the_plugin_the_rest_is_read_and_told(site, tmp_path):
    bare = tmp_path / "bin"
    bare.mkdir()
    program = shutil.copy(house.binary(), bare)
    shutil.copy(PLUGIN.with_name("libcofferdam_rocksdb.so"), bare)
    corpus = tmp_path / "corpus"
    shutil.copytree(TABLES, corpus)
    (corpus / "settle.py").write_text(OUTPUT)
    done = subprocess.run([program, "scan", "--json", corpus],
                          env=site.env(), capture_output=True, text=True,
                          timeout=60)
    said = json.loads(done.stdout)
    assert places(said) == [("output.txt", None, None),
                            ("settle.py", None, None)]
    passed = [p for p in said["passed_over"]
              if p["path"].endswith("rows.parquet")]
    assert "libcofferdam_arrow.so" in passed[0]["detail"]
    assert "tools/arrow.sh" in passed[0]["detail"]
    done = subprocess.run([program, "scan", "s3://corpus/a"], env=site.env(),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "tools/arrow.sh" in done.stderr


@needs_arrow
@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow"])
def test_rows_and_fields_of_a_table_are_found(site, name):
    said = scan(site, TABLES / name)
    assert places(said) == [(name, 2, "text"),
                            (name, 3, "messages[1].content")]
    assert {f["verdict"] for f in said["findings"]} == {"forbidden"}
    only = scan(site, "--field", "text", TABLES / name)
    assert places(only) == [(name, 2, "text")]


@needs_arrow
def test_objects_of_s3_are_read_in_every_format(site, store):
    line = json.dumps({"text": OUTPUT}).encode() + b"\n"
    store.put("a/settle.py", OUTPUT.encode())
    store.put("a/rows.jsonl", b'{"text": "a person wrote this"}\n' + line)
    store.put("a/rows.jsonl.gz", gzip.compress(line))
    store.put("a/rows.parquet", (TABLES / "rows.parquet").read_bytes())
    store.put("ab/other.py", OUTPUT.encode())
    said = scan(site, "s3://corpus/a/", env=store.env)
    assert places(said) == [
        ("rows.jsonl", 2, "text"), ("rows.jsonl.gz", 1, "text"),
        ("rows.parquet", 2, "text"),
        ("rows.parquet", 3, "messages[1].content"), ("settle.py", None, None)]
    assert said["findings"][0]["path"].startswith("s3://corpus/a/")
    # A prefix is the begin of names, not only a folder.
    assert len(places(scan(site, "s3://corpus/a", env=store.env))) == 6


@needs_arrow
def test_large_objects_of_s3_are_read_piece_by_piece(site, store):
    filler = json.dumps({"text": "nobody wrote this at all " * 40}) + "\n"
    lines = filler * (20_000_000 // len(filler))
    store.put("big.jsonl", (lines + json.dumps({"text": OUTPUT}) + "\n"
                            + filler).encode())
    said = scan(site, "s3://corpus/big.jsonl", env=store.env)
    assert places(said) == [("big.jsonl", lines.count("\n") + 1, "text")]


@needs_arrow
def test_what_s3_does_not_have_is_told(site, store):
    for path, told in (("s3://corpus/none", "no object"),
                       ("s3://nobucket/a", "nobucket"),
                       ("s3://", "say s3://BUCKET")):
        done = site.cofferdam("scan", path, env=store.env, timeout_s=60)
        assert done.code == 2 and told in done.err, done


def test_a_revision_is_read_without_its_work_tree(site, tmp_path):
    repo = tmp_path / "repo"

    def git(*words):
        subprocess.run(
            ["git", "-C", repo, "-c", "user.name=Ann", "-c",
             "user.email=ann@example.com", *words], check=True,
            capture_output=True)

    repo.mkdir()
    git("init", "-q")
    (repo / "settle.py").write_text(OUTPUT)
    git("add", ".")
    git("commit", "-qm", "One")
    (repo / "settle.py").write_text("print('a person wrote this')\n")
    git("commit", "-qam", "Two")
    assert not scan(site, repo)["findings"]
    assert not scan(site, "--rev", "HEAD", repo)["findings"]
    said = scan(site, "--rev", "HEAD~1", repo)
    (finding,) = said["findings"]
    assert finding["path"] == f"{repo}@HEAD~1:settle.py"
    assert finding["path_in_repository"] == "settle.py"
    done = site.cofferdam("scan", "--rev", "nothing", repo)
    assert done.code == 2 and '"nothing"' in done.err
