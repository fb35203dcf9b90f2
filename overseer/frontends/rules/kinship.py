"""Words that mean nearly the same where something is asked for: to buy and to purchase, a film and a movie."""

from __future__ import annotations

from overseer.frontends.rules.words import stemset

_ALIKE = """
    buy purchase shop shopping acquire
    film movie cinema
    evaluate assess analyze examine scrutinize appraise inspect review gauge
    check verify confirm validate
    create make generate build design produce devise compose draft construct formulate develop
    draw plot chart graph diagram
    design outline sketch delineate plan
    calculate compute determine work estimate
    predict forecast project conjecture anticipate prospect outlook future
    book reserve reservation arrange schedule appointment
    modify edit change alter adjust transform manipulate
    picture image photo photograph
    audio sound
    speech voice speak
    song music track
    combine merge join stitch concatenate
    delete remove erase
    get fetch retrieve obtain gather provide show tell give collect display
    find search locate lookup look seek discover identify ascertain
    begin start launch initiate
    run execute
    enroll register
    recommend suggest propose
    hire employ recruit engage
    fix repair resolve
    car vehicle automobile
    cost price expense
    illness disease
    physician doctor
    attorney lawyer
    job position occupation
    firm company business
    location place address
    summarize shorten condense
    rewrite paraphrase reword
    transcribe recognize
    translate translation
    compare comparison difference diff
    average mean
    largest biggest highest greatest maximum
    smallest lowest least minimum
    display show exhibit
    schedule plan timetable
    requirement need demand
    organize assemble arrange
    phone call telephone
    permit license authorization
    team roster squad
    issue apply grant
    borrow checkout loan
    overdue late
    install setup
    decorate adorn paint
    optimize enhance improve boost
    pay payment
    mail email
    weather climate
    save store write
    open read
    letter character
    folder directory
    download fetch
    capital uppercase upper
    lowercase lower
    link url website
    hash checksum sha256 md5 sha1 sha512
    frequent common
    duplicate repeated
    programme program
"""
_GROUPS = tuple(map(stemset, _ALIKE.strip().splitlines()))
_KIN: dict[str, frozenset[str]] = {}
for _group in _GROUPS:
    for _member in _group:
        _KIN[_member] = (_KIN.get(_member, frozenset()) | _group) - {_member}


def kin(word_stem: str) -> frozenset[str]:
    """The stems of words that mean nearly the same."""
    return _KIN.get(word_stem, frozenset())
