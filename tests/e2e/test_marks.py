"""Marks of models in what never passed the gate, with the real binary."""

import json

import pytest

import house


@pytest.fixture
def site(tmp_path):
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data"))


def write(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


def found(site, *words):
    done = site.cofferdam("scan", "--json", *words)
    assert done.code in (0, 1), done
    return done.code, json.loads(done.out)["findings"]


def test_a_dataset_of_the_catalogue_is_forbidden_record_by_record(
        site, tmp_path):
    write(tmp_path / "corpus" / "tatsu-lab" / "alpaca" / "train.jsonl",
          {"instruction": "Say hi.", "output": "Hi."},
          {"instruction": "Say ho.", "output": "Ho."})
    code, findings = found(site, tmp_path / "corpus")
    assert code == 1 and len(findings) == 2
    assert {f["kind"] for f in findings} == {"marked"}
    assert {f["verdict"] for f in findings} == {"forbidden"}
    assert findings[0]["marks"][0]["name"] == "Alpaca"
    assert "Alpaca" in site.cofferdam("scan", tmp_path / "corpus").out
    code, findings = found(site, "--no-marks", tmp_path / "corpus")
    assert code == 0 and findings == []


def test_a_record_that_names_its_model_follows_that_models_terms(
        site, tmp_path):
    corpus = tmp_path / "a.jsonl"
    write(corpus, {"response": "One.", "model": "deepseek-r1"},
          {"response": "Two.", "model": "openai/gpt-4o"},
          {"response": "Three.", "model": "human"})
    code, findings = found(site, corpus)
    assert code == 1
    assert [f["verdict"] for f in findings] == ["allowed", "forbidden"]
    code, findings = found(site, "--for", "evaluation", corpus)
    assert [f["verdict"] for f in findings] == ["forbidden"] * 2


def test_weak_marks_never_decide_alone(site, tmp_path):
    corpus = tmp_path / "a.jsonl"
    write(corpus, {"text": "She read: as an AI language model, I cannot."},
          {"text": "The template begins with <|im_start|> and a role."})
    assert found(site, corpus) == (0, [])
    write(corpus, {"text": "<|im_start|>As an AI language model, I do."})
    code, (finding,) = found(site, corpus)
    assert code == 1 and finding["verdict"] == "ambiguous"
    assert {m["weight"] for m in finding["marks"]} == {"weak"}


def test_a_company_may_bring_its_own_list(site, tmp_path):
    corpus = tmp_path / "our-own-set" / "a.jsonl"
    write(corpus, {"text": "One."})
    rows = tmp_path / "datasets.toml"
    rows.write_text("""
[[generator]]
name = "our own model"
class = "allow"
names = []

[[dataset]]
name = "our own set"
match = ["our-own-set"]
generators = ["our own model"]
holds = "outputs"
confidence = "authors"
source = "we made it"
""")
    code, (finding,) = found(site, "--datasets", rows, corpus)
    assert code == 0 and finding["verdict"] == "allowed"
    rows.write_text("[[dataset]]\nname = 7\n")
    done = site.cofferdam("scan", "--datasets", rows, corpus)
    assert done.code == 2 and "datasets.toml:2:" in done.err, done
