"""Tools from OpenAPI documents: what each takes, what it sends, and what cannot be a tool."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.jsonvalue import Json
from overseer.kinds import CONTEXT, KindError
from overseer.kinds.openapi import openapi_tools
from overseer.plan import argument_faults, value_faults
from overseer.tool import Cancellation, Services, Tool, ToolContext, ToolError, tool_faults
from overseer.web import WebClient
from tests.web.servers import Received, Server, answering

PETS = """
openapi: 3.0.3
info: {title: Pets, version: 1.0.0}
servers: [{url: "https://{zone}.pets.example/v1/", variables: {zone: {default: eu}}}]
paths:
  /pets:
    get:
      operationId: listPets
      summary: List pets
      description: All of them, a page at a time.
      parameters:
        - {name: limit, in: query, description: how many, schema: {type: integer, maximum: 100, default: 20}}
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
        - {name: kinds, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: filter, in: query, style: deepObject, schema: {type: object}}
        - {name: where, in: query, content: {application/json: {schema: {type: object}}}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: Accept, in: header, schema: {type: string}}
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}
        default: {$ref: "#/components/responses/Error"}
    post:
      operationId: create pet
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
      responses: {201: {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}
  /pets/{petId}:
    parameters: [{$ref: "#/components/parameters/petId"}]
    get:
      parameters: [{name: petId, in: query, schema: {type: string}}]
      responses: {"200": {description: ok, content: {text/plain: {}}}}
    delete: {operationId: deletePet, responses: {"204": {description: gone}}}
  /photos:
    post:
      operationId: upload
      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}
  /login:
    post:
      operationId: login
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object}}}}
components:
  parameters:
    petId: {name: petId, in: path, required: true, schema: {type: integer, format: int64, example: 7}}
  responses:
    Error: {description: bad}
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, nullable: true, pattern: "^[A-Z"}
        age: {type: number, minimum: 0, exclusiveMinimum: true}
        colour: {type: string, enum: [red, blue], nullable: true}
        password: {type: string, writeOnly: true}
        parent: {allOf: [{$ref: "#/components/schemas/Pet"}], nullable: true}
        children: {type: array, items: {$ref: "#/components/schemas/Pet"}}
        either: {oneOf: [{type: integer}, {type: number}]}
        open: {type: object, additionalProperties: true, x-internal: 1, discriminator: {propertyName: x}}
"""


def nothing(url: str) -> str:
    raise AssertionError(f"{url} was asked for")


def tools_of(folder: Path, text: str = PETS, **section: Json) -> dict[str, Tool]:
    (folder / "api.yaml").write_text(text)
    tools = openapi_tools({"document": "api.yaml", **section}, folder, nothing)
    return {tool.name: tool for tool in tools}


def called(folder: Path, name: str, text: str = PETS, headers: Json = None, **arguments: Json) -> Received:
    with Server(answering(b"[]", "Content-Type: application/json")) as server:
        section = {"base_url": f"{server.url}/v1", **({"headers": headers} if headers else {})}
        tool = tools_of(folder, text, **section)[name]
        services = Services(web=WebClient(allow=[server.authority]), secret={"KEY": "s3cret"}.get)
        context = ToolContext("run", "key", 1, Cancellation(), services)
        assert not argument_faults(tool.parameters, arguments)
        assert tool.function(**{CONTEXT: context}, **arguments) == []
    return server.received[0]


def document(path: str = "/a", method: str = "get", **operation: Json) -> str:
    content = {"openapi": "3.1.0", "servers": [{"url": "https://a.example"}], "paths": {path: {method: operation}}}
    return json.dumps(content)


# --- what a tool is


def test_every_operation_that_can_be_is_a_tool(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tools = tools_of(tmp_path)
    assert list(tools) == ["listPets", "create_pet", "get_pets_petId", "deletePet", "login"]
    assert "'upload' (POST /photos) is left out: it takes only multipart/form-data" in caplog.text
    for tool in tools.values():
        assert (tool.effect, tool.kind, tool.context_parameter, tool.origin) == ("network", "http", CONTEXT, "api.yaml")
        assert not tool_faults(tool)
    assert [tool.name for tool in tools.values() if not tool.idempotent] == ["create_pet", "login"]
    assert tools["listPets"].description == "List pets\nAll of them, a page at a time."
    assert tools["deletePet"].description == "DELETE /pets/{petId}"


def test_parameters_of_path_query_header_and_body_are_those_of_the_tool(tmp_path: Path) -> None:
    tools = tools_of(tmp_path)
    listing = tools["listPets"].parameters
    assert list(listing["properties"]) == ["limit", "tags", "kinds", "filter", "where", "X-Trace"]
    limit = {"type": "integer", "maximum": 100, "default": 20, "description": "how many"}
    assert listing["properties"]["limit"] == limit
    assert (listing["required"], listing["additionalProperties"]) == ([], False)
    getting = tools["get_pets_petId"].parameters
    assert getting["properties"]["petId"] == {"type": "integer", "format": "int64", "examples": [7]}
    assert (list(getting["properties"]), getting["required"]) == (["petId", "petId_query"], ["petId"])
    assert tools["create_pet"].parameters["required"] == ["body"]


def test_schemas_become_json_schema_that_stands_by_itself(tmp_path: Path) -> None:
    pet = tools_of(tmp_path)["create_pet"].parameters["properties"]["body"]
    same = {"description": "the same again (Pet)"}
    assert pet == {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": ["string", "null"]},
            "age": {"type": "number", "minimum": 0, "exclusiveMinimum": 0},
            "colour": {"type": ["string", "null"], "enum": ["red", "blue", None]},
            "password": {"type": "string"},
            "parent": {"anyOf": [{"allOf": [same]}, {"type": "null"}]},
            "children": {"type": "array", "items": same},
            "either": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
            "open": {"type": "object"},
        },
    }
    parameters = tools_of(tmp_path)["create_pet"].parameters
    assert not argument_faults(parameters, {"body": {"name": None, "age": 1, "parent": {"x": 1}, "either": 3}})
    assert argument_faults(parameters, {"body": {"age": 0}})


def test_a_result_is_known_by_its_type_and_fields(tmp_path: Path) -> None:
    tools = tools_of(tmp_path)
    output = tools["listPets"].output
    assert output is not None
    assert output["type"] == "array"
    assert list(output["items"]["properties"])[:3] == ["id", "name", "age"]
    assert "password" not in output["items"]["properties"]
    assert not value_faults(output, [{"id": "not what was promised", "more": 1}])
    assert tools["get_pets_petId"].output is None
    assert tools["deletePet"].output is None


def test_a_schema_that_doubles_at_every_step_stays_small(tmp_path: Path) -> None:
    schemas = {
        f"S{n}": {"type": "object", "properties": {x: {"$ref": f"#/components/schemas/S{n + 1}"} for x in "abcd"}}
        for n in range(40)
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    content = json.loads(document(method="post", requestBody=body)) | {"components": {"schemas": schemas}}
    (tool,) = tools_of(tmp_path, json.dumps(content)).values()
    assert len(json.dumps(tool.parameters)) < 200_000


KEYWORDS = ("type", "$ref", "properties", "items", "enum", "required", "nullable", "allOf", "oneOf", "pattern", "not")
KEYWORDS += ("minimum", "exclusiveMinimum", "additionalProperties", "example", "default", "description", "minLength")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "object", "#/paths", "#", "[", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=15,
)


@given(ANYTHING)
def test_any_schema_makes_one_that_can_be_used_or_says_why_not(schema: Json) -> None:
    from overseer.kinds.openapi_schema import References, Translation, Unusable
    from overseer.plan.schemafaults import misfits

    try:
        translated = Translation(References({"paths": schema})).of(schema)
    except Unusable:
        return
    assert not any("schema" in fault.text for fault in misfits(translated, "value", noun="argument"))


# --- what is sent


def test_arguments_go_where_the_document_says(tmp_path: Path) -> None:
    received = called(
        tmp_path,
        "listPets",
        limit=5,
        tags=["a", "b&c"],
        kinds=["x", "y"],
        filter={"age": 3},
        where={"a": [1]},
        **{"X-Trace": "t"},
    )
    query = "limit=5&tags=a&tags=b%26c&kinds=x%2Cy&filter%5Bage%5D=3&where=%7B%22a%22%3A%5B1%5D%7D"
    assert (received.method, received.target) == ("GET", f"/v1/pets?{query}")
    assert received.headers["x-trace"] == "t"
    assert received.headers["accept"].startswith("application/json")


def test_what_was_not_given_is_not_sent(tmp_path: Path) -> None:
    received = called(tmp_path, "listPets")
    assert (received.target, "x-trace" in received.headers) == ("/v1/pets", False)


def test_bodies_are_sent_as_json_or_as_a_form(tmp_path: Path) -> None:
    received = called(tmp_path, "create_pet", body={"name": "Rex"})
    assert (received.headers["content-type"], json.loads(received.body)) == ("application/json", {"name": "Rex"})
    received = called(tmp_path, "login", body={"user": "a&b", "n": [1, 2]})
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.body == b"user=a%26b&n=1&n=2"


def test_parameters_of_the_same_name_keep_their_places(tmp_path: Path) -> None:
    assert called(tmp_path, "get_pets_petId", petId=7, petId_query="x").target == "/v1/pets/7?petId=x"


def test_a_header_of_the_section_is_no_parameter(tmp_path: Path) -> None:
    headers = {"x-trace": {"secret": "KEY"}, "Authorization": {"secret": "KEY", "prefix": "Bearer "}}
    received = called(tmp_path, "listPets", headers=headers)
    assert received.headers["x-trace"] == "s3cret"
    assert received.headers["authorization"] == "Bearer s3cret"
    assert "X-Trace" not in tools_of(tmp_path, headers=headers)["listPets"].parameters["properties"]


def test_a_path_parameter_that_the_document_forgot_is_text(tmp_path: Path) -> None:
    text = document("/a/{x}/{x}")
    assert called(tmp_path, "get_a_x_x", text, x="b/c").target == "/v1/a/b%2Fc/b%2Fc"


def test_an_argument_cannot_lead_to_another_path(tmp_path: Path) -> None:
    tool = tools_of(tmp_path, document("/a/{x}/b"))["get_a_x_b"]
    with pytest.raises(ToolError, match="would lead elsewhere"):
        tool.function(**{CONTEXT: ToolContext("run", "key", 1, Cancellation())}, x="..")


# --- which operations


def test_operations_are_chosen_by_id_or_name(tmp_path: Path) -> None:
    chosen = ["create pet", "get_pets_petId"]
    assert list(tools_of(tmp_path, operations=chosen)) == ["create_pet", "get_pets_petId"]


def test_a_document_may_be_behind_a_url() -> None:
    asked = []

    def load(url: str) -> str:
        asked.append(url)
        return json.dumps({"openapi": "3.1.0", "paths": {"/a": {"get": {}}}, "servers": [{"url": "/v2"}]})

    (tool,) = openapi_tools({"document": "https://a.example/api/doc.json"}, Path(), load)
    assert asked == ["https://a.example/api/doc.json"]
    url = tool.function.__self__.url  # type: ignore[attr-defined]
    assert url.fill({}) == "https://a.example/v2/a"


def test_a_strange_document_cannot_say_where_secrets_go() -> None:
    def load(url: str) -> str:
        return document()

    section = {"document": "https://b.example/doc.json", "headers": {"X-Key": {"secret": "KEY"}}}
    with pytest.raises(KindError, match=r"its server is https://a\.example/; give base_url"):
        openapi_tools(section, Path(), load)
    assert openapi_tools({**section, "base_url": "https://a.example"}, Path(), load)
    assert openapi_tools({**section, "document": "https://a.example/doc.json"}, Path(), load)
    assert openapi_tools({"document": "https://b.example/doc.json"}, Path(), load)


# --- what makes no tools


@pytest.mark.parametrize(
    ("text", "section", "problem"),
    [
        (PETS, {"operations": ["listPet"]}, "has no operation 'listPet'; did you mean 'listPets'?"),
        (PETS, {"operations": ["upload"]}, "'upload' (POST /photos) cannot be a tool: it takes only multipart"),
        (PETS, {"operations": 5}, "must be a list of operation ids, or all"),
        (PETS, {"base_url": "ftp://x"}, "not a URL of the web"),
        (PETS, {"base_url": 5}, "must be text"),
        (PETS, {"base_url": "https://x.example/?a=b"}, "has a query"),
        (PETS, {"operation": "all"}, "did you mean 'operations'?"),
        (PETS, {"headers": {"Host": "x"}}, "cannot be given"),
        (PETS, {"timeout": "x"}, "not a duration"),
        (PETS, {"document": "nothing.yaml"}, "cannot be read"),
        (PETS, {"document": 5}, "must be the path or URL"),
        ("swagger: '2.0'", {}, "is of version 2.0 (Swagger); convert it to OpenAPI 3 first"),
        ("openapi: 4.0.0", {}, "is not an OpenAPI document of version 3"),
        ("[1]", {}, "is not an OpenAPI document of version 3"),
        ("{oops", {}, "api.yaml"),
        ("openapi: 3.0.0", {}, "has no operation that could be a tool"),
        ('{"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}', {}, "'/' is not a URL of the web"),
        (document("a"), {}, "'a' is not a path"),
        (document("@evil.example/"), {}, "is not a path"),
        (document("/../a"), {}, "'.' or '..'"),
        (document(parameters=[{"$ref": "other.yaml#/x"}]), {}, "it refers to another document: other.yaml#/x"),
        (document(parameters=[{"$ref": "#/nothing"}]), {}, "which the document does not have"),
        (document(parameters=[{"$ref": "#/paths/~1a/get/parameters/0"}]), {}, "go round in a ring"),
        (document(parameters=[{"name": "c", "in": "cookie", "required": True}]), {}, "needs the cookie 'c'"),
        (document(parameters=[{"name": "Host", "in": "header"}]), {}, "header 'Host' cannot be given"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, section: dict[str, Any], problem: str) -> None:
    with pytest.raises(KindError) as caught:
        tools_of(tmp_path, text, **section)
    assert problem in str(caught.value)


def test_a_url_that_cannot_be_loaded_is_a_fault() -> None:
    def load(url: str) -> str:
        raise ToolError("no connection", kind="transient")

    with pytest.raises(KindError, match="cannot be read: no connection"):
        openapi_tools({"document": "https://a.example/doc.json"}, Path(), load)


def test_two_operations_of_one_name_are_a_fault(tmp_path: Path) -> None:
    content = json.loads(document(operationId="a b"))
    content["paths"]["/b"] = {"get": {"operationId": "a_b"}}
    with pytest.raises(KindError, match="another operation has the same name"):
        tools_of(tmp_path, json.dumps(content))
