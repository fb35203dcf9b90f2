"""A model in a file, with random weights: all but what it says is real."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from overseer.models import ModelRoles, connector, llama, local_model, parse_models
from overseer.models.local_model import LocalModel
from overseer.models.model import ModelError
from overseer.tool import Cancellation, Question, Reply, how_to_add
from tests.models.asking import PATIENCE_S, ask, failure
from tests.tiny_gguf import CONTEXT, STRICT_TEMPLATE, write_tiny_gguf

_REASON = f"needs llama-cpp-python and gguf: {how_to_add('local-test')} (minutes, with a C++ compiler)"
pytest.importorskip("llama_cpp", reason=_REASON)
pytest.importorskip("gguf", reason=_REASON)

CHOICE: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Rome"]}, "stars": {"enum": [1, 2, 3]}},
    "required": ["city", "stars"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
def model(tiny: Path) -> Iterator[LocalModel]:
    made = LocalModel(tiny)
    yield made
    made.close()


def test_an_answer_comes_in_pieces_and_is_counted(model: LocalModel) -> None:
    pieces: list[str] = []
    reply = ask(model, prompt="Hello", max_tokens=40, temperature=0.0, on_text=pieces.append)
    assert reply.text == "".join(pieces)
    assert len(pieces) > 2
    assert (reply.provider, reply.model, reply.is_cut, reply.is_estimated) == ("gguf", "tiny.gguf", True, False)
    assert reply.output_tokens == 40
    assert reply.input_tokens > len("Hello")


def test_tokens_are_counted_as_the_library_counts_them(model: LocalModel, tiny: Path) -> None:
    import llama_cpp

    theirs = llama_cpp.Llama(str(tiny), n_ctx=CONTEXT, verbose=False)
    for prompt in ("Hello", "Hello", "Hello, you", "Grüße"):  # what was read before is not read again, but counted
        said: Any = theirs.create_chat_completion([{"role": "user", "content": prompt}], max_tokens=5, temperature=0)
        reply = ask(model, prompt=prompt, max_tokens=5, temperature=0.0)
        assert reply.text.replace("\ufffd", "") == said["choices"][0]["message"]["content"]
        counted = (said["usage"]["prompt_tokens"], said["usage"]["completion_tokens"])
        assert (reply.input_tokens, reply.output_tokens) == counted
    theirs.close()


def test_json_fits_its_schema_although_the_model_only_makes_noise(model: LocalModel) -> None:
    listed = {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3}
    for number in range(5):
        value = ask(model, prompt=f"Number {number}", schema=CHOICE).value
        assert value["city"] in ("Paris", "Rome")
        assert value["stars"] in (1, 2, 3)
        assert isinstance(ask(model, prompt=f"Number {number}", schema=listed).value, list)


def test_a_question_that_is_too_long_is_refused_with_numbers(model: LocalModel) -> None:
    error = failure(model, prompt="x" * 5000)
    assert error.kind == "bad_request"
    assert "but it reads only 4096; shorten the question, or use a model that reads more" in str(error)
    assert ask(model, max_tokens=2, temperature=0.0).output_tokens >= 2  # and the next one is answered


@pytest.mark.parametrize(("wished", "window"), [(512, 512), (None, CONTEXT), (100_000, CONTEXT)])
def test_the_window_is_what_was_wished_for_but_not_more_than_the_model_was_made_for(
    tiny: Path, wished: int | None, window: int
) -> None:
    model = LocalModel(tiny, window=wished)
    assert f"but it reads only {window};" in str(failure(model, prompt="x" * 5000))
    model.close()


def test_giving_up_ends_an_answer_at_once(model: LocalModel) -> None:
    cancellation, heard = Cancellation(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        endless = partial(
            model.ask, Question("Hello", temperature=0.0), cancellation=cancellation, on_text=lambda _: heard.set()
        )
        asked = pool.submit(endless)
        assert heard.wait(PATIENCE_S)
        cancellation.ask()
        with pytest.raises(ModelError) as caught:
            asked.result(1.0)
    assert (caught.value.kind, caught.value.has_streamed) == ("cancelled", True)


def test_giving_up_ends_the_reading_of_a_long_question_at_once(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama, "_made_for", lambda metadata: 0)  # reading this much takes a minute
    model = LocalModel(tiny, window=40_000)
    short = ask(model, prompt="Hello", max_tokens=5, temperature=0.0)
    reading = threading.Event()
    engine = model._engine
    assert engine is not None
    generate = engine._llama.generate

    def begun(*given: Any, **options: Any) -> Any:
        reading.set()
        return generate(*given, **options)

    monkeypatch.setattr(engine._llama, "generate", begun)
    cancellation = Cancellation()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(partial(model.ask, Question("x" * 38_000), cancellation=cancellation))
        assert reading.wait(PATIENCE_S)
        time.sleep(0.1)
        assert not asked.done()
        cancellation.ask()
        with pytest.raises(ModelError) as caught:
            asked.result(1.0)
    assert caught.value.kind == "cancelled"
    assert ask(model, prompt="Hello", max_tokens=5, temperature=0.0).text == short.text  # nothing is left of it
    model.close()


def _note(heard: list[int], number: int, _: str) -> None:
    heard.append(number)


def test_questions_at_the_same_time_are_answered_one_after_the_other(model: LocalModel) -> None:
    alone = [ask(model, prompt=f"Number {n}", max_tokens=8, temperature=0.0) for n in range(4)]
    heard: list[int] = []  # whose piece it was
    begin = threading.Barrier(4)

    def asked(number: int) -> Reply:
        begin.wait(PATIENCE_S)
        noted = partial(_note, heard, number)
        return ask(model, prompt=f"Number {number}", max_tokens=8, temperature=0.0, on_text=noted)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(asked, range(4)))
    for one, other in zip(alone, together, strict=True):
        assert (one.text, one.input_tokens, one.output_tokens) == (other.text, other.input_tokens, other.output_tokens)
    assert len(list(groupby(heard))) == 4  # no two of them at once


def test_whoever_waits_for_the_model_can_be_called_away(model: LocalModel) -> None:
    first, second, heard = Cancellation(), Cancellation(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(
            partial(model.ask, Question("Hello", temperature=0.0), cancellation=first, on_text=lambda _: heard.set())
        )
        assert heard.wait(PATIENCE_S)
        waiting = pool.submit(partial(model.ask, Question("Hello", temperature=0.0), cancellation=second))
        second.ask()
        with pytest.raises(ModelError, match="given up"):
            waiting.result(1.0)
        first.ask()
        with pytest.raises(ModelError, match="given up"):
            long.result(1.0)


def test_a_model_without_a_role_for_the_system_is_told_by_the_user(tmp_path: Path) -> None:
    model = LocalModel(write_tiny_gguf(tmp_path / "strict.gguf", template=STRICT_TEMPLATE))
    for _ in range(2):
        assert ask(model, system="Be kind.", max_tokens=3, temperature=0.0).output_tokens >= 3
    model.close()


@pytest.mark.parametrize("size", [4, 1000, 400_000])
def test_a_file_that_is_not_whole_is_an_error_with_the_reason(tiny: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "half.gguf"
    path.write_bytes(tiny.read_bytes()[:size])
    error = failure(LocalModel(path))
    assert error.kind == "bad_request"
    assert f"check that {path} is whole" in str(error)
    assert "\n" not in str(error)


def test_it_is_used_where_the_settings_name_it(tiny: Path) -> None:
    section = {
        "default": {"model": str(tiny), "max_tokens": 4, "temperature": 0},
        "providers": {"gguf": {"kind": "gguf", "window": 512}},
    }
    models = ModelRoles(parse_models(section, {}), connector({}.get))
    reply = models.ask(Question("Hello", role="generator"))
    assert (reply.provider, reply.model) == ("gguf", "tiny.gguf")
    assert reply.output_tokens >= 4
    made = models.model("generator")
    assert isinstance(made, LocalModel)
    made.close()


def test_the_output_of_the_process_is_left_alone(tiny: Path) -> None:
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from overseer.models.local_model import LocalModel\n"
        "from overseer.tool import Cancellation, Question\n"
        "model, is_over, lines = LocalModel(Path(sys.argv[1])), threading.Event(), 0\n"
        "def chatter():\n"
        "    global lines\n"
        "    while not is_over.is_set():\n"
        "        print('line', flush=True)\n"
        "        lines += 1\n"
        "thread = threading.Thread(target=chatter)\n"
        "thread.start()\n"
        "for _ in range(40):\n"
        "    model.ask(Question('?', max_tokens=1, temperature=0.0), cancellation=Cancellation())\n"
        "    model.close()\n"
        "is_over.set()\n"
        "thread.join()\n"
        "print(lines)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tiny)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *lines, count = done.stdout.split()
    assert len(lines) == int(count) > 0


@pytest.mark.parametrize(
    ("pieces", "shown", "is_over"),
    [
        (["a", "b"], ["a", "b", ""], False),
        (["a<", "end>b"], ["a", "", ""], True),
        (["a<", "en", "x"], ["a", "", "<enx", ""], False),
        (["a<en"], ["a", "<en"], False),
        (["\u00fc".encode()[:1], "\u00fc".encode()[1:]], ["", "\u00fc", ""], False),
        ([b"\xff", "a"], ["\ufffd", "a", ""], False),
        (["one, STOP two<end>"], ["one, ", ""], True),
    ],
)
def test_text_is_shown_as_soon_as_it_is_certain(pieces: list[Any], shown: list[str], is_over: bool) -> None:
    written = llama._Written(["<end>", "STOP", ""])
    given = [written.add(each if isinstance(each, bytes) else each.encode()) for each in pieces]
    assert [*given, written.rest()] == shown
    assert written.is_over is is_over


def test_nothing_is_loaded_before_the_first_question(tiny: Path) -> None:
    assert LocalModel(tiny)._engine is None
    assert local_model.USUAL_WINDOW > 0
