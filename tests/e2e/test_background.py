"""`background build` and `background show`, with the real binary."""

import json
import os
import subprocess
import tarfile

import pytest

import house


def function(name: str, shape: int) -> str:
    """About 90 tokens; texts of different shapes share no long gram."""
    signs = "+-*/%<>&|^"
    lines = [f"def {name}(rows, weight):"]
    for i in range(8):
        a, b, c = (signs[(shape * 7 + i * k) % 10] for k in (1, 3, 7))
        lines.append(f"    rows[{i}] = weight {a} rows {b} f(weight {c} 1)")
    return "\n".join(lines) + "\n"


PERSONS = '''class Queue:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)
        while len(self.items) > 10:
            del self.items[0]

    def __iter__(self):
        yield from reversed(self.items)
'''


@pytest.fixture
def site(tmp_path):
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data", anthropic="http://127.0.0.1:9"))


class Repository:
    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git("init", "-q")

    def git(self, *words, day="2020-06-01"):
        moment = f"{day}T12:00:00Z"
        subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com",
             *words],
            cwd=self.path, check=True, capture_output=True,
            env=os.environ | {"GIT_AUTHOR_DATE": moment,
                              "GIT_COMMITTER_DATE": moment})

    def commit(self, day: str, **files: str):
        for name, text in files.items():
            (self.path / f"{name}.py").write_text(text)
        self.git("add", "-A", day=day)
        self.git("commit", "-q", "-m", "work", day=day)


def built(site, tmp_path, *words):
    return json.loads(site.ok("background", "build", "--json", "--out",
                              tmp_path / "layer.bin", *words))


def measured(site, tmp_path, text: str):
    folder = tmp_path / "measured"
    folder.mkdir(exist_ok=True)
    (folder / "a.py").write_text(text)
    return json.loads(site.ok("background", "show", tmp_path / "layer.bin",
                              "--measure", folder, "--json"))


def test_a_layer_holds_what_was_committed_before_the_day(site, tmp_path):
    repository = Repository(tmp_path / "app")
    old, new = function("old", 1), function("new", 4)
    repository.commit("2020-06-01", first=old)
    repository.commit("2024-06-01", second=new)
    said = built(site, tmp_path, "--before", "2021-01-01", repository.path)
    assert (said["projects"], said["documents"]) == (1, 1)
    assert said["before"].startswith("2021-01-01T00:00:00")
    known = measured(site, tmp_path, old)["families"]["python"]
    assert known["prior_tokens"] > known["tokens"] / 2
    strange = measured(site, tmp_path, new)["families"]["python"]
    assert strange["prior_tokens"] == 0
    assert strange["bits"] > known["bits"]
    assert built(site, tmp_path, repository.path)["documents"] == 2


def test_text_that_carries_a_finding_is_left_out(site, tmp_path):
    by_model = "".join(function(f"f{i}", i) for i in range(6))
    file = tmp_path / "outputs.jsonl"
    file.write_text(json.dumps({"model": "claude-sample", "text": by_model,
                                "contract": "claude-api"}) + "\n")
    repository = Repository(tmp_path / "app")
    repository.commit("2024-06-01", person=PERSONS,
                      pasted=by_model)
    said = built(site, tmp_path, repository.path)
    assert said["documents"] == 2
    site.ok("import", "jsonl", file)
    site.ok("index", "build")
    said = built(site, tmp_path, repository.path)
    assert said["documents"] == 1
    assert said["left_out"]["with_findings"] == 1
    clean = measured(site, tmp_path, by_model)["families"]["python"]
    assert clean["prior_tokens"] < clean["tokens"] / 10


def record_output(site, tmp_path, text, **more):
    file = tmp_path / "outputs.jsonl"
    file.write_text(json.dumps({"model": "claude-sample", "text": text,
                                "contract": "claude-api", **more}) + "\n")
    site.ok("import", "jsonl", file)


def test_an_output_that_no_index_holds_yet_is_looked_for(site, tmp_path):
    by_model = "".join(function(f"f{i}", i) for i in range(6))
    record_output(site, tmp_path, by_model)
    repository = Repository(tmp_path / "app")
    repository.commit("2024-06-01", person=PERSONS, pasted=by_model)
    said = built(site, tmp_path, repository.path)
    assert said["documents"] == 1
    assert said["left_out"]["with_findings"] == 1


@pytest.mark.parametrize("written, documents", [
    ("2024-05-01T00:00:00Z", 1), ("2024-07-01T00:00:00Z", 2)])
def test_code_that_an_output_repeats_later_stays(site, tmp_path, written,
                                                 documents):
    text = "".join(function(f"f{i}", i) for i in range(6))
    record_output(site, tmp_path, text, time=written)
    repository = Repository(tmp_path / "app")
    repository.commit("2024-06-01", person=PERSONS, old=text)
    assert built(site, tmp_path, repository.path)["documents"] == documents
    # The same where somebody vouches for the day.
    said = built(site, tmp_path, "--undated", "--before", "2024-06-02",
                 repository.path)
    assert said["documents"] == documents


def test_text_that_says_a_model_wrote_it_is_left_out(site, tmp_path):
    repository = Repository(tmp_path / "app")
    marked = ("# \U0001f916 Generated with [Claude Code]"
              "(https://claude.com/claude-code)\n"
              "# As an AI language model, I cannot test this.\n")
    repository.commit("2025-06-01", person=PERSONS,
                      marked=marked + function("f", 3))
    said = built(site, tmp_path, repository.path)
    assert said["documents"] == 1
    assert said["left_out"]["with_findings"] == 1


def test_a_layer_of_a_company_speaks_for_its_own_code(site, tmp_path):
    old = "".join(function(f"f{i}", i) for i in range(6))
    repository = Repository(tmp_path / "app")
    repository.commit("2023-06-01", old=old)
    record_output(site, tmp_path, old, time="2024-07-01T00:00:00Z")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "old.py").write_text(old)
    assert {f["verdict"] for f in site.scan(copy).findings} == {"forbidden"}
    built(site, tmp_path, "--before", "2024-01-01", repository.path)
    site.configure(site.config.read_text() + """
[evidence]
background = ["../layer.bin"]
""")
    assert "forbidden" not in {
        f["verdict"] for f in site.scan(copy).findings}
    # Not for what was written before its day.
    built(site, tmp_path, "--before", "2024-08-01", repository.path)
    assert {f["verdict"] for f in site.scan(copy).findings} == {"forbidden"}


def test_a_corpus_of_any_form_makes_the_same_layer(site, tmp_path):
    texts = [function("a", i) for i in range(5)]
    folder = tmp_path / "plain"
    folder.mkdir()
    rows = tmp_path / "rows.jsonl"
    with rows.open("w") as lines:
        for i, text in enumerate(texts):
            (folder / f"f{i}.py").write_text(text)
            lines.write(json.dumps({"text": text, "path": f"f{i}.py"}) + "\n")
    archive = tmp_path / "plain.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for i in range(5):
            tar.add(folder / f"f{i}.py", f"f{i}.py")
    layers = set()
    for path in (folder, rows, archive):
        said = built(site, tmp_path, "--undated", "--before", "2021-01-01",
                     path)
        assert said["documents"] == 5, path
        layers.add((tmp_path / "layer.bin").read_bytes())
    assert len(layers) == 1


def test_what_cannot_be_built_is_said_at_once(site, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text(function("a", 1))
    os.mkfifo(tmp_path / "pipe")
    day = ("--undated", "--before", "2021-01-01")
    for words, says in (
            ((tmp_path / "none", "--out", tmp_path / "l"), "none: No such"),
            ((tmp_path / "pipe", "--out", tmp_path / "l"), "read but once"),
            ((folder, "--out", ""), "name a file"),
            ((folder, "--out", folder), "name a file"),
            ((folder, "--out", tmp_path / "no" / "l"), "no/l: No such")):
        done = site.cofferdam("background", "build", *day, *words)
        assert done.code == 2 and says in done.err, done
    repository = Repository(tmp_path / "app")
    repository.commit("2024-06-01", new=function("f", 1))
    done = site.cofferdam("background", "build", repository.path, "--before",
                          "2021-01-01", "--out", tmp_path / "l")
    assert done.code == 2 and "before 2021-01-01" in done.err
    # Nobody knows what a shallow clone held when.
    repository.commit("2024-07-01", new=function("f", 2))
    subprocess.run(["git", "clone", "-q", "--depth", "1",
                    f"file://{repository.path}", tmp_path / "shallow"],
                   check=True, capture_output=True)
    done = site.cofferdam("background", "build", tmp_path / "shallow", "--out",
                          tmp_path / "l")
    assert done.code == 2 and "commits of" in done.err, done
    assert not (tmp_path / "l").exists()


def test_files_without_git_need_the_users_word(site, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text(function("a", 1))
    refused = site.cofferdam("background", "build", folder, "--out",
                             tmp_path / "layer.bin")
    assert refused.code == 2 and "repository" in refused.err
    refused = site.cofferdam("background", "build", folder, "--undated",
                             "--out", tmp_path / "layer.bin")
    assert refused.code == 2 and "--before" in refused.err
    said = built(site, tmp_path, "--undated", "--before", "2021-01-01",
                 folder)
    assert said["documents"] == 1


def test_the_gain_has_bounds(site, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text(function("a", 1))
    for gain, code in (("0", 2), ("1", 0), ("10000", 0), ("10001", 2)):
        done = site.cofferdam("background", "build", folder, "--undated",
                              "--before", "2021-01-01", "--gain", gain,
                              "--out", tmp_path / "layer.bin")
        assert done.code == code, done


def test_two_builds_are_equal_and_say_where_they_are_from(site, tmp_path):
    listed = tmp_path / "sources.txt"
    listed.write_text("a 1.0\n")
    folder = tmp_path / "plain"
    folder.mkdir()
    for i in range(20):
        (folder / f"f{i}.py").write_text(function("a", i))
    for name in ("one", "two"):
        site.ok("background", "build", folder, "--undated", "--before",
                "2021-01-01", "--sources", listed, "--out", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert site.ok("background", "show", "--sources",
                   tmp_path / "one") == "a 1.0\n"


def test_a_damaged_layer_is_refused(site, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text(function("a", 1))
    built(site, tmp_path, "--undated", "--before", "2021-01-01", folder)
    path = tmp_path / "layer.bin"
    bytes_of = bytearray(path.read_bytes())
    bytes_of[1024] ^= 1  # the first section
    path.write_bytes(bytes_of)
    refused = site.cofferdam("background", "show", path)
    assert refused.code == 2 and "checksum" in refused.err


def test_the_layer_in_the_binary_and_own_ones_are_shown(site, tmp_path):
    (shipped,) = json.loads(site.ok("background", "show", "--json"))["layers"]
    assert shipped["before"].startswith("2021-01-01")
    data = house.ROOT / "data"
    assert shipped["bytes"] == (data / "background.bin").stat().st_size
    assert shipped["bytes"] <= 16_000_000
    assert site.ok("background", "show", "--sources") == (
        data / "background_sources.txt").read_text()
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text(function("a", 1))
    built(site, tmp_path, "--undated", "--before", "2023-01-01", folder)
    site.configure(site.config.read_text() + """
[evidence]
background = ["../layer.bin"]
""")
    layers = json.loads(site.ok("background", "show", "--json"))["layers"]
    assert [layer["before"][:4] for layer in layers] == ["2021", "2023"]
    (tmp_path / "layer.bin").unlink()
    refused = site.cofferdam("background", "show")
    assert refused.code == 2 and "[evidence] background" in refused.err
