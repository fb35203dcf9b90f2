"""The verbs with which people ask for something to be done."""

from __future__ import annotations

from functools import lru_cache

from overseer.frontends.rules.words import wordset

_VERBS = wordset(
    """accept acquire activate adapt add adjust advertise advise aggregate align allocate analyse analyze annotate
    append apply appraise approve arrange ascertain assemble assess assign assist attend authenticate authorize
    average backup blend boost borrow brew browse build buy calculate cancel capture categorize choose classify
    clean clear collect colorize combine compare compile compose compress compute conduct configure confirm
    conjecture connect construct consult contact convert cook coordinate copy craft create crop curate customize
    cut decode decorate decrypt define delete deliver deploy derive describe design detect determine develop
    devise diagnose diff display distribute divide donate download draft draw edit eliminate email embed employ
    enable encode encrypt enhance enrol enroll ensure establish evaluate examine execute expand explain explore
    extend extract fetch figure fill filter finalize fix flip forecast format formulate forward gather generate
    get give grant guess highlight hire identify implement import improve include inform initiate insert inspect
    inspire install integrate interpret introduce invest investigate invite join launch learn listen locate make
    manage merge migrate minimize modify monitor multiply navigate notify obtain open optimize orchestrate
    organise organize outline overlay paint paraphrase parse pay perform personalize predict prepare print
    prioritize process procure produce propose protect provide publish purchase raise read rearrange rebook
    recognise recognize recommend reconstruct redeem reduce refine refund register rehearse remind remove rename
    renew repair replace replicate request resize resolve retrieve reverse rewrite rotate save scan scrutinize
    secure select sell send serialize set show simplify simulate solve specify split start stitch stop store
    strip submit subscribe subtract suggest summarise summarize sum swap synchronize synthesize take tell
    terminate track train transcode transcribe transform translate transmit trim turn undergo uninstall unpack
    unzip update upgrade upload utilize validate verify visit visualize vote withdraw write archive delineate
    pursue administer settle acquaint enrich escape unescape round simulate summon append hash plan record
    proceed continue find search ask keep pick sort zip count compare check use run carry look"""
)
# These are as often things as they are doings, so what stands behind them decides.
_OR_THINGS = wordset(
    """answer book call change chart claim estimate file follow graph group hash help issue label list log look map
    mark match mix move name note offer order park place plan play plot post process program project query rank
    rate record report research reserve reset review sample schedule score share ship stream study style supply
    support survey tag test text time tip trade transfer trace watch weigh work"""
)
# These tell how something is to be done, or what belongs to it.
_MANNERS = wordset(
    """including using utilizing ensuring considering involving employing starting allowing providing regarding
    following existing missing running working naming matching building meaning pricing shipping rating setting
    making-up training marketing processing timing testing"""
)
ALL_VERBS = _VERBS | _OR_THINGS


def is_verb(word: str, *, or_thing: bool = True) -> bool:
    """Whether a word is a verb of doing as it stands; without `or_thing`, one that can be nothing else."""
    return word in ALL_VERBS if or_thing else word in _VERBS and word not in _OR_THINGS


def is_asking(word: str, *, is_first: bool) -> bool:
    """Whether a word asks for something to be done where it stands; what may be a thing does so only in front."""
    return is_doing(word) or is_verb(word, or_thing=is_first)


@lru_cache(maxsize=5_000)
def is_doing(word: str) -> bool:
    """Whether a word is such a verb with an -ing: translating, planning, making."""
    if not word.endswith("ing") or len(word) < 6 or word in _MANNERS:
        return False
    root = word[:-3]
    return root in ALL_VERBS or f"{root}e" in ALL_VERBS or (root[-1] == root[-2] and root[:-1] in ALL_VERBS)
