"""What the steps of a plan take from each other, and what makes them wait."""

from __future__ import annotations

from overseer.frontends.draft import Refused
from overseer.frontends.rules import plan_by_rules
from overseer.plan import Each, Ref, Scope
from tests.frontends.rules import NUMBER, TEXT, WHOLE, args_of, gives, made, our, outline, planned

FIND_FILM = made(
    "get_film_details",
    "Retrieve details of a film.",
    {"title": TEXT},
    output=gives(lead_actor="the name of the lead actor", type="the type of the film"),
)
FIND_ACTOR = made("find_actor", "Find information about an actor.", {"actor_name": TEXT})
ARTIST_ID = made("find_artist_id", "Look up an artist by name.", {"name": TEXT}, output=gives(artist_id="its id"))
ALBUMS = made(
    "list_albums", "List the albums of an artist.", {"artist_id": {"type": "string", "description": "the id"}}
)
IMAGE, AUDIO = {"type": "string", "description": "image: a file"}, {"type": "string", "description": "audio: a file"}
TO_IMAGE = made("audio_to_image", "Draw a picture of an audio.", {"arg1": AUDIO}, output=IMAGE)
COLORIZE = made("image_colorizer", "Add color to an image.", {"arg1": IMAGE}, output=IMAGE)
TEAM = made(
    "get_team",
    "Get the members of a team.",
    {"team": TEXT},
    output={"type": "object", "properties": {"members": {"type": "array", "items": TEXT}}},
)
GREET = made("greet", "Greet a member.", {"member": TEXT})


def test_a_result_goes_where_its_name_fits() -> None:
    plan = planned('Get details of the film "Alien" and find information about its lead actor', FIND_FILM, FIND_ACTOR)
    assert outline(plan) == "get_film_details; find_actor < get_film_details"
    assert plan.steps[1].args == {"actor_name": Ref("get_film_details", ("lead_actor",))}


def test_a_tool_comes_first_where_only_it_gives_what_is_needed() -> None:
    plan = planned("List the albums of the artist Nina Simone", ALBUMS, ARTIST_ID)
    assert outline(plan) == "find_artist_id; list_albums < find_artist_id"
    assert plan.steps[0].args == {"name": "Nina Simone"}


def test_results_flow_by_what_they_are_made_of() -> None:
    said = "I have a file 'a.wav'. Draw a picture of the audio and add color to the image."
    assert outline(planned(said, TO_IMAGE, COLORIZE)) == "audio_to_image; image_colorizer < audio_to_image"


def test_a_file_of_another_kind_is_not_taken() -> None:
    draft = planned("add color to the image a.wav", COLORIZE, leave_open=True)
    assert list(draft.inputs) == ["arg1"]


def test_each_of_a_list_is_a_round() -> None:
    plan = planned("get the members of the team 'Blue' and greet each member", TEAM, GREET)
    scope = plan.steps[1].action
    assert isinstance(scope, Scope)
    assert scope.mode == Each(items=Ref("get_team", ("members",)))
    assert scope.body is not None
    assert scope.body.steps[0].args == {"member": Ref("item")}
    assert plan.steps[1].depends_on == ("get_team",)


def test_a_fan_out_goes_on_for_each_of_its_results() -> None:
    plan = planned("read a.txt and b.txt and count the words of each")
    assert outline(plan) == ("read_file; read_file_2; text_statistics < read_file; text_statistics_2 < read_file_2")
    assert [step.parallel_group for step in plan.steps] == [1, 1, 2, 2]


def test_a_list_takes_all_results_of_a_fan_out() -> None:
    _, _, join = args_of("read a.txt and b.txt and join them")
    assert join == {"texts": [Ref("read_file"), Ref("read_file_2")]}


def test_two_results_for_two_arguments_are_one_for_each() -> None:
    _, _, diff = args_of("read a.txt and b.txt and compare them")
    assert diff == {"old": Ref("read_file"), "new": Ref("read_file_2")}


def test_independent_calls_stay_independent_whatever_the_order_words() -> None:
    assert outline(planned("list the files and then read readme.md")) == "list_files; read_file"


def test_reading_waits_for_what_writes_the_same_file() -> None:
    assert outline(planned("write 'x' to a.txt and then read a.txt")) == "write_file; read_file < write_file"
    assert outline(planned("write 'x' to a.txt and then read b.txt")) == "write_file; read_file"
    assert outline(planned("download https://example.org/a.txt to a.txt and count its words")) == (
        "download; read_file < download; text_statistics < read_file"
    )


def test_it_may_stand_for_a_file_and_not_for_a_result() -> None:
    read = made("read_file", "Read a text file.", {"path": TEXT}, effect="read", output={"type": "string"})
    measure = made("file_size", "Tell the size of a file.", {"path": TEXT})
    assert args_of("read a.txt and tell its size", read, measure) == [{"path": "a.txt"}, {"path": "a.txt"}]


def test_a_file_is_read_once_for_all_that_want_its_content() -> None:
    plan = planned("count the words in a.txt and extract the emails from a.txt")
    assert outline(plan) == "read_file; text_statistics < read_file; extract_from_text < read_file"


def test_a_table_is_read_for_a_chart() -> None:
    query, chart = args_of("make a bar chart of sales.csv")
    assert query == {"path": "sales.csv"}
    assert chart == {"data": Ref("table_query", ("rows",))}


def test_a_named_result_is_meant_where_it_is_named() -> None:
    lock = made("encrypt", "Encrypt a text.", {"text": TEXT}, output=gives(encrypted_text="the text, encrypted"))
    send = made("send_sms", "Send an SMS message.", {"phone": TEXT, "message": TEXT})
    said = "encrypt 'secret' and send an SMS message to +1234567890 with the encrypted text"
    assert args_of(said, lock, send)[1]["message"] == Ref("encrypt", ("encrypted_text",))


def test_a_number_is_not_taken_from_a_part_that_means_something_else() -> None:
    tax = made("sales_tax", "Calculate the sales tax.", {"amount": WHOLE}, output=gives(sales_tax="the tax"))
    tip = made("add_tip", "Add a tip.", {"total": WHOLE, "percent": WHOLE})
    found = args_of("calculate the sales tax for an amount of 100 and add a tip of 15 percent to the result", tax, tip)
    assert found[1] == {"total": Ref("sales_tax", ("sales_tax",)), "percent": 15}


def test_a_number_is_no_place_to_start_for_a_shared_word() -> None:
    last = args_of("count the words in a.txt, then read the first 3 lines of b.txt")[-1]
    assert last == {"path": "b.txt", "last_line": 3}


def test_one_number_is_no_list_to_draw() -> None:
    drawn = made(
        "draw_lines", "Draw the lines.", {"lines": {"type": "array", "items": NUMBER, "description": "the lines"}}
    )
    counted = made(
        "count_words", "Count the words.", {}, output={"type": "object", "properties": {"lines": {"type": "integer"}}}
    )
    draft = plan_by_rules("count the words, then draw the lines", {tool.name: tool for tool in (drawn, counted)})
    assert isinstance(draft, Refused)


def test_what_comes_without_a_verb_is_counted_as_well() -> None:
    plan = planned("count the words of a.txt, then the lines")
    assert outline(plan) == "read_file; text_statistics < read_file"
    assert plan.output == {name: Ref("text_statistics", (name,)) for name in ("lines", "words")}


def test_what_is_not_counted_in_a_file_is_no_line_to_read_it_from() -> None:
    assert isinstance(plan_by_rules("count the words in a.txt, then the lines of b.txt", our()), Refused)


def test_a_text_itself_is_looked_at_and_not_what_was_counted_in_it() -> None:
    plan = planned("how many words are in a.txt and what is the most common word")
    assert plan.steps[-1].step_id == "word_frequency"
    assert plan.steps[-1].args == {"text": Ref("read_file")}
