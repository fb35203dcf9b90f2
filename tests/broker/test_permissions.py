"""Who may call what: rules, classes, and what was approved for a plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.permissions import (
    CAREFUL,
    Grants,
    Policy,
    Rule,
    Verdict,
    classes_from,
)
from overseer.tool import EFFECTS, Effect, Tool


def a_tool(name: str, effect: Effect) -> Tool:
    return Tool(name, lambda: None, effect=effect)


RUN = a_tool("run_command", "exec")
FETCH = a_tool("fetch_url", "network")


def policy(*rules: Rule) -> Policy:
    return Policy(CAREFUL.classes, rules)


@pytest.mark.parametrize(
    ("rules", "args", "verdict"),
    [
        ((), {"command": ["ls"]}, "ask"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {"command": ["git", "status"]}, "allow"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {"command": ["rm", "-r", "x"]}, "ask"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {}, "ask"),
        ((Rule("allow", "run_*"),), {"command": ["ls"]}, "allow"),
        ((Rule("deny", "run_command"),), {"command": ["ls"]}, "deny"),
        ((Rule("ask", "*"), Rule("allow", "run_command")), {"command": ["ls"]}, "ask"),
        # What denies decides wherever it stands.
        ((Rule("allow", "*"), Rule("deny", "run_command", {"command": "rm *"})), {"command": ["rm", "x"]}, "deny"),
        ((Rule("allow", "*"), Rule("deny", "run_command", {"command": "rm *"})), {"command": ["ls"]}, "allow"),
        # The words of a list are quoted, so that one of them cannot pass for several.
        ((Rule("allow", "*", {"command": "git status"}),), {"command": ["git status"]}, "ask"),
    ],
)
def test_rules_decide_before_the_class(rules: tuple[Rule, ...], args: dict[str, Any], verdict: Verdict) -> None:
    assert policy(*rules).verdict(RUN, args) == verdict


@given(st.lists(st.sampled_from(["allow", "ask", "deny"]), max_size=5), st.sampled_from(EFFECTS))
def test_no_order_of_rules_opens_what_one_of_them_closes(verdicts: list[Verdict], effect: Effect) -> None:
    found = policy(*(Rule(verdict, "t") for verdict in verdicts)).verdict(a_tool("t", effect), {})
    if "deny" in verdicts:
        assert found == "deny"
    else:
        assert found == (verdicts[0] if verdicts else CAREFUL.classes[effect])


def test_what_is_approved_is_covered_by_class_or_by_name() -> None:
    assert Grants(classes=frozenset({"exec"})).cover(RUN)
    assert Grants(tools=frozenset({"run_command"})).cover(RUN)
    assert not Grants(classes=frozenset({"network"}), tools=frozenset({"fetch_url"})).cover(RUN)


# --- however an argument is written

WRITE = Tool("write_file", lambda: None, effect="write", writes=("file:{target}",))
ROOTS = ("/srv/here",)


def decided(rule: Rule, tool: Tool, args: dict[str, Any]) -> Verdict:
    return Policy(CAREFUL.classes, (rule,), ROOTS).verdict(tool, args)


@pytest.mark.parametrize("pattern", ["secret/*", "./secret/*", "/srv/here/secret/*", "secret//*"])
@pytest.mark.parametrize(
    "path",
    [
        "secret/a",
        "./secret/a",
        "x/../secret/a",
        "secret//a",
        "secret/./a",
        "/srv/here/secret/a",
        "//srv/here/secret/a",
    ],
)
def test_a_path_is_compared_as_it_is_seen_from_the_workspace(pattern: str, path: str) -> None:
    if path.startswith("//"):
        path = path[1:]
    assert decided(Rule("deny", "*", {"target": pattern}), WRITE, {"target": path}) == "deny"
    assert decided(Rule("allow", "*", {"target": pattern}), WRITE, {"target": path}) == "allow"


@pytest.mark.parametrize("path", ["../x", "notes/../../x", "/etc/passwd", "~/x", "a\\b", "a\0b", "", "C:/x"])
def test_a_path_out_of_the_workspace_fits_what_denies_and_nothing_that_allows(path: str) -> None:
    assert decided(Rule("deny", "*", {"target": "other/*"}), WRITE, {"target": path}) == "deny"
    assert decided(Rule("allow", "*", {"target": "*"}), WRITE, {"target": path}) == "ask"
    closed = Policy({**CAREFUL.classes, "write": "deny"}, (Rule("ask", "*", {"target": "*"}),), ROOTS)
    assert closed.verdict(WRITE, {"target": path}) == "deny"


@pytest.mark.parametrize("name", ["path", "folder", "log_file", "source", "destination"])
def test_parameters_are_paths_by_their_names_too(name: str) -> None:
    assert decided(Rule("deny", "*", {name: "a/b"}), RUN, {name: "./a//b"}) == "deny"


def test_other_text_is_compared_as_it_is() -> None:
    assert decided(Rule("deny", "*", {"text": "a/b"}), RUN, {"text": "./a/b"}) == "ask"


def test_an_argument_that_is_left_out_has_its_default() -> None:
    tool = Tool("t", lambda: None, effect="exec", parameters={"properties": {"folder": {"default": "."}}})
    assert decided(Rule("deny", "t", {"folder": "."}), tool, {}) == "deny"
    assert decided(Rule("deny", "t", {"folder": "."}), tool, {"folder": "sub/.."}) == "deny"


@pytest.mark.parametrize(
    "pattern", ["https://example.org/admin*", "HTTPS://Example.org/admin*", "https://example.org:443/admin*"]
)
@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/admin",
        "HTTPS://EXAMPLE.ORG/admin",
        "https://example.org:443/admin/x",
        "https://example.org./admin",
        "https://example.org/public/../admin",
        "https://example.org/public/%2e%2e/admin",
        "https://example.org/%61dmin",
        "https://example.org/./admin?x=1",
        " https://example.org/admin#there",
    ],
)
def test_a_url_is_compared_in_one_form(pattern: str, url: str) -> None:
    assert decided(Rule("deny", "*", {"url": pattern}), FETCH, {"url": url}) == "deny"
    assert decided(Rule("allow", "*", {"url": "https://example.org/public/*"}), FETCH, {"url": url}) == "ask"


def test_a_host_needs_no_path_and_may_have_letters_of_its_own() -> None:
    assert (
        decided(Rule("allow", "*", {"url": "https://example.org"}), FETCH, {"url": "https://EXAMPLE.org/"}) == "allow"
    )
    assert decided(Rule("allow", "*", {"url": "https://bücher.de/*"}), FETCH, {"url": "https://BÜCHER.de/ü"}) == "allow"
    assert decided(Rule("deny", "*", {"url": "https://*.org/*"}), FETCH, {"url": "https://a.ORG"}) == "deny"
    assert decided(Rule("allow", "*", {"url": "http://a.org/*"}), FETCH, {"url": "http://a.org:8080/x"}) == "ask"


def test_a_url_that_can_be_read_in_two_ways_fits_what_denies_and_nothing_that_allows() -> None:
    url = "https://example.org@evil.example/"
    assert decided(Rule("deny", "*", {"url": "https://other.example/*"}), FETCH, {"url": url}) == "deny"
    assert decided(Rule("allow", "*", {"url": "https://example.org*"}), FETCH, {"url": url}) == "ask"


def test_classes_are_read_from_words() -> None:
    assert classes_from(["write", "exec"]) == {"write", "exec"}
    assert classes_from(["all"]) == set(EFFECTS)
    with pytest.raises(ValueError, match="'wirte' is no class of tools; there are: pure, read, model"):
        classes_from(["wirte"])
