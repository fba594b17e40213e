"""The whole river: a real agent works through the gate, the ledger keeps what
the model wrote, and a scan names its lines and nobody else's."""

import dataclasses
import json
import pathlib
from typing import Any, Dict, List

import pytest

import agents
import clients
import headers
import house
import material
import reasoning
import scenario
import transform
import usage
from double import Double
from plain_http import ask
from relay import Relay

pytestmark = pytest.mark.agent

PURPOSE = "product"


@dataclasses.dataclass
class Worked:
    """Everything there is to see after the agent has run once."""
    client: clients.Client
    site: house.Site
    double: Double
    relay: Relay
    place: agents.AgentHome
    engineer: house.Engineer
    done: agents.Done
    clone: pathlib.Path

    def heard(self):
        return self.double.main_exchanges()

    def pairs(self):
        """What the agent sent and got, and what the provider got and sent."""
        heard = {e.body: e for e in self.heard()}
        return [(seen, heard[seen.body])
                for seen in self.relay.main_exchanges()]

    def model(self) -> str:
        return self.heard()[0].model()


@pytest.fixture(scope="module", params=clients.ALL, ids=str)
def worked(request, tmp_path_factory):
    client = request.param
    root = tmp_path_factory.mktemp(client.name)
    place = agents.AgentHome(root / "agent")
    place.write(client.edit.name, client.edit.human)
    place.commit("Add what we do by hand today")
    with Double(client.script(place.repo)) as double:
        site = house.Site(root / "site", **{client.dialect: double.url})
        gate = site.serve()
        with Relay(gate.url) as relay:
            engineer = house.Engineer(site, place, relay.url)
            done = clients.finish(client.start(
                engineer, "--purpose", PURPOSE))
            yield Worked(client, site, double, relay, place, engineer, done,
                         place.clone("second-clone"))
        gate.stop()


def test_the_agent_does_its_work_through_the_gate(worked):
    assert worked.done.code == 0, worked.done
    assert scenario.DONE in worked.done.out
    for name, words in worked.client.files.items():
        assert (worked.place.repo / name).read_text() == words
    edited = worked.place.repo / worked.client.edit.name
    assert edited.read_text() == worked.client.edit.edited()
    assert [e.label for e in worked.heard()] == ["write", "edit", "done"]


def test_run_says_in_one_line_what_it_set(worked):
    lines = [line for line in worked.done.err.splitlines()
             if worked.relay.url in line]
    assert len(lines) == 1, worked.done.err
    assert PURPOSE in lines[0] and "applied-ai/widgets" in lines[0]


# What passes through


def test_request_bodies_reach_the_provider_byte_for_byte(worked):
    sent = [seen.body for seen in worked.relay.main_exchanges()]
    got = [bytes(exchange.body) for exchange in worked.heard()]
    assert len(sent) == 3 and all(sent)
    assert sorted(sent) == sorted(got)


def test_answer_bodies_reach_the_agent_byte_for_byte(worked):
    seen = worked.relay.main_exchanges()
    assert all(one.ended and one.status == 200 for one in seen)
    got = [bytes(one.response_body) for one in seen]
    sent = [bytes(exchange.response_body) for exchange in worked.heard()]
    assert len(got) == 3 and all(got)
    assert sorted(got) == sorted(sent)


def session_keys_of(worked):
    return {seen.key() for seen in worked.relay.main_exchanges()}


def test_the_session_key_ends_with_the_agent(worked):
    (key,) = session_keys_of(worked)
    answer = ask(worked.relay.url, "/cofferdam/v1/whoami",
                 headers={"authorization": f"Bearer {key}"})
    assert answer.status == 401


def test_credentials_of_the_gate_never_leave_it(worked):
    session_keys = session_keys_of(worked)
    assert session_keys and all(k.startswith("cfs_") for k in session_keys)
    keys = [key.encode() for key in session_keys | {worked.engineer.key}]
    for exchange in worked.double.exchanges:
        heard = json.dumps([exchange.target, exchange.headers]).encode()
        for key in keys:
            assert key not in heard
            assert key not in exchange.body
        assert not [n for n, _ in exchange.headers
                    if n.lower().startswith("x-cofferdam")]


def test_headers_pass_by_the_table_and_in_no_other_way(worked):
    for seen, heard in worked.pairs():
        assert headers.sent(heard) == headers.expected_upstream(
            seen, worked.client.dialect, house.UPSTREAM_KEY)
        assert headers.received(seen) == headers.expected_downstream(heard)
        assert seen.target == heard.target


def test_reasoning_comes_back_as_it_was_given(worked):
    """Providers refuse a conversation whose sealed thoughts were touched."""
    first, *_, last = worked.heard()
    given = reasoning.given(worked.client.dialect, first)
    assert given
    returned = reasoning.returned(worked.client.dialect, last)
    assert [one for one in given if one not in returned] == []


# What the ledger keeps


def claude_files(worked) -> bool:
    return worked.client.files is material.CLAUDE_FILES


def gate_records(worked) -> List[Dict[str, Any]]:
    return [r for r in worked.site.exchanges() if r["route"] == "gate"]


def test_every_exchange_is_in_the_ledger_with_its_origin(worked):
    records = gate_records(worked)
    ids = {r["provider_response_id"] for r in records}
    assert ids == {e.response_id for e in worked.heard()}
    (person,) = json_rows(worked.site.ok("person", "list", "--json"))
    for record in records:
        origin = record["origin"]
        assert origin["provider"] == worked.client.provider.name
        assert origin["model"] == worked.model()
        assert origin["contract"] == worked.client.provider.contract
        assert origin["tool"] == worked.client.tool
        assert origin["tool_version"] == worked.client.version
        assert origin["person"] in (person["id"], person["email"])
        assert origin["team"] == house.TEAM
        assert "git.example.com/applied-ai/widgets" in origin["repo"]
        assert origin["purpose"] == PURPOSE
        assert record["identity"] == "session"
        assert record["outcome"] == "complete"
        assert record["http_status"] == 200
        assert record["session"]  # Gemini CLI's is its session key's


def test_usage_is_what_the_provider_reported(worked):
    reported = {e.response_id: usage.reported(worked.client.dialect, e)
                for e in worked.heard()}
    for record in gate_records(worked):
        assert record["usage"]["source"] == "reported"
        for name, count in reported[record["provider_response_id"]].items():
            assert record["usage"].get(name, 0) == count, name


def test_code_that_tools_write_is_a_part_with_its_path(worked):
    paths = [part.get("path", "") for record in gate_records(worked)
             for part in record["parts"]]
    for name in [*worked.client.files, worked.client.edit.name]:
        assert [p for p in paths if p == name or p.endswith("/" + name)], (
            name, paths)


def test_one_exchange_shows_its_record_and_with_a_reason_its_text(worked):
    record = gate_records(worked)[0]
    shown = json.loads(worked.site.ok("ledger", "show", record["id"],
                                      "--json"))
    assert house.field(shown, "id") == record["id"]
    assert "litres_per_quarter" not in json.dumps(shown)
    with_text = worked.site.ok("ledger", "show", record["id"], "--json",
                               "--text", "--reason", "end-to-end test")
    word = ("litres_per_quarter" if claude_files(worked)
            else "GAUGE_FAULT")
    assert word in with_text


def test_turns_that_come_back_in_a_prompt_are_known_already(worked):
    """The agent sends the model's turns again with each request. The ledger
    has them, so none is taken for a turn that came from elsewhere."""
    worked.site.ok("index", "build")
    routes = [r["route"] for r in worked.site.exchanges()]
    assert routes == ["gate"] * 3


def test_sequence_numbers_are_dense(worked):
    numbers = [r["sequence"] for r in worked.site.exchanges()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


# What the scan finds


@pytest.fixture(scope="module")
def scan(worked):
    return worked.site.scan(worked.place.repo)


def json_rows(out: str) -> List[Dict[str, Any]]:
    """The rows of a listing: one JSON array, an object holding one, or one
    object a line."""
    try:
        value = json.loads(out)
    except ValueError:
        return [json.loads(line) for line in out.splitlines()]
    if isinstance(value, list):
        return value
    lists = [v for v in value.values() if isinstance(v, list)]
    return lists[0] if lists else [value]


def test_the_scan_covers_every_exchange_there_is(worked, scan):
    newest = max(r["sequence"] for r in worked.site.exchanges())
    assert scan.said["covered_sequence"] == newest
    assert scan.said["files"] >= 4


def test_generated_files_are_reported_from_end_to_end(worked, scan):
    for name, words in worked.client.files.items():
        code = sorted(transform.code_lines(name, words))
        missing = set(code) - scan.lines(name)
        edges = set(code[:3] + code[-3:])
        assert missing <= edges, (name, sorted(missing))


def test_the_models_lines_in_the_humans_file_are_reported(worked, scan):
    edit = worked.client.edit
    first, last = edit.added_lines()
    code = sorted(line for line in transform.code_lines(
        edit.name, edit.edited()) if first <= line <= last)
    missing = set(code) - scan.lines(edit.name)
    edges = set(code[:2] + code[-2:])
    assert missing <= edges, sorted(missing)


def test_the_humans_lines_are_not_reported(worked, scan):
    edit = worked.client.edit
    first, last = edit.added_lines()
    lines = edit.edited().splitlines()
    assert scan.of(edit.name)
    blamed = [n for n in scan.lines(edit.name)
              if not first <= n <= last and lines[n - 1].strip()]
    assert blamed == [], [lines[n - 1] for n in blamed]


def test_a_file_that_no_model_touched_is_not_reported(worked, scan):
    assert scan.findings and scan.of("README.md") == []


def test_findings_name_their_origin_and_verdict(worked, scan):
    (person,) = json_rows(worked.site.ok("person", "list", "--json"))
    ids = {r["id"] for r in gate_records(worked)}
    assert scan.code == 1
    for name in [*worked.client.files, worked.client.edit.name]:
        assert scan.of(name), name
        for finding in scan.of(name):
            assert finding["verdict"] == "forbidden", finding["why"]
            assert finding["why"]
            assert finding["evidence"]["bits"] > 0
            assert finding["evidence"]["tokens"] > 0
            (origin,) = [o for o in finding["origins"]
                         if o["exchange"] in ids][:1]
            assert origin["provider"] == worked.client.provider.name
            assert origin["model"] == worked.model()
            assert origin["contract"] == worked.client.provider.contract
            assert origin["terms_class"] in ("forbid_any", "forbid_compete")
            assert origin["tool"] == worked.client.tool
            assert origin["tool_version"] == worked.client.version
            assert origin["person"] in (person["id"], person["email"])
            assert origin["team"] == house.TEAM
            assert "applied-ai/widgets" in origin["repo"]
            assert origin["purpose"] == PURPOSE
            assert origin["path"].endswith(name)


def test_show_prints_the_text_of_both_sides(worked):
    name = next(iter(worked.client.files))
    shown = worked.site.scan(
        worked.place.repo / name,
        more=["--show", "--reason", "end-to-end test"])
    text = shown.findings[0]["text"]
    some = worked.client.files[name].splitlines()[40].strip()
    whole = json.dumps([f["text"] for f in shown.findings])
    assert json.dumps(some)[1:-1] in whole
    assert text["document"] and text["outputs"][0]["text"]


def test_the_scan_for_people_names_file_model_and_verdict(worked):
    done = worked.site.cofferdam("scan", worked.place.repo)
    assert done.code == 1
    for word in [*worked.client.files, worked.client.edit.name, "forbidden",
                 worked.model()]:
        assert word in done.out, word


def test_evaluation_takes_no_output_either(worked):
    scan = worked.site.scan(worked.place.repo, more=["--for", "evaluation"])
    assert {f["verdict"] for f in scan.findings} == {"forbidden"}


def test_renamed_stripped_reformatted_files_are_still_found(
        worked, tmp_path):
    for name, words in worked.client.files.items():
        new = transform.disguise(name, words)
        target = tmp_path / pathlib.PurePath(name).name
        target.write_text(new)
        scan = worked.site.scan(target)
        code = transform.code_lines(name, new)
        found = code & scan.lines(target.name)
        assert len(found) >= 0.9 * len(code), (
            name, len(found), len(code), sorted(code - found))
        assert scan.code == 1
        assert {f["verdict"] for f in scan.findings} <= {
            "forbidden", "ambiguous"}
        assert any(o["model"] == worked.model()
                   for f in scan.findings for o in f["origins"])


def test_the_humans_file_in_a_second_clone_is_clean(worked):
    scan = worked.site.scan(worked.clone)
    assert scan.findings == []
    assert scan.code == 0
    assert scan.said["files"] >= 2


def test_git_ignored_files_are_left_out(worked, tmp_path):
    place = agents.AgentHome(tmp_path / "ignoring")
    name, words = next(iter(worked.client.files.items()))
    place.write("kept/" + pathlib.PurePath(name).name, words)
    place.write("generated/" + pathlib.PurePath(name).name, words)
    place.write(".gitignore", "generated/\n")
    scan = worked.site.scan(place.repo)
    assert scan.findings
    assert all("kept/" in f["path"] for f in scan.findings)


def test_other_code_in_the_same_language_is_clean(worked, tmp_path):
    """The other client's material: nobody sent it through this gate."""
    other = (material.CODEX_FILES if claude_files(worked)
             else material.CLAUDE_FILES)
    for name, words in other.items():
        (tmp_path / pathlib.PurePath(name).name).write_text(words)
    scan = worked.site.scan(tmp_path)
    assert scan.findings == []
