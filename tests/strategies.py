"""What hypothesis needs to invent events."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from overseer.errors import FAILURE_KINDS, Failure
from overseer.kernel import events

# For tests whose time is the disk's and the machine's, not their own.
unhurried = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.floats(min_value=0, max_value=4e9)
text = st.text(st.characters(), max_size=20)  # with control characters and halves of surrogate pairs
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)
large_values = st.builds(lambda letter, count: letter * count, st.sampled_from("aé\ud800"), st.integers(4000, 9000))
values = json_values | large_values
objects = st.dictionaries(text, json_values, max_size=4)
keys = st.from_regex(r"\w{1,8}(\[\d\]/\w{1,8}){0,2}", fullmatch=True)
counts = st.integers(min_value=0, max_value=1 << 40)
failures = st.builds(
    Failure,
    st.sampled_from(FAILURE_KINDS),
    message=text,
    detail=st.just("") | text,
    retry_after_s=st.none() | numbers,
)

_BY_TYPE = {
    bool: st.booleans(),
    int: counts,
    float: times,
    str: text,
    Failure: failures,
    NoneType: st.none(),
    Any: values,
}


def _of_type(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is dict:
        return objects
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([_of_type(part) for part in get_args(hint)])
    return _BY_TYPE[hint]


def _of_kind(kind: type[events.Event]) -> st.SearchStrategy[events.Event]:
    fields = {name: _of_type(hint) for name, hint in get_type_hints(kind).items()}
    return st.builds(kind, **fields | ({"key": keys} if "key" in fields else {}))


all_events = st.one_of([_of_kind(kind) for kind in get_args(events.Event)])
