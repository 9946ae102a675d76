"""Ask the providers for an address, in their order, politely and within their terms.

Nothing here runs inside a transaction of the caller: `ask` gets a factory of sessions and opens
short ones of its own, and none is open while a request is on its way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from geocrm import clock
from geocrm.geocoding.address import AddressQuery, Answer
from geocrm.geocoding.providers import (
    agreement,
    asking,
    cache,
    grading,
    pace,
    queries,
    whereabouts,
)
from geocrm.geocoding.providers.addresses import Resolver, system_addresses
from geocrm.geocoding.providers.agreement import Match
from geocrm.geocoding.providers.asking import Lent, Outcome
from geocrm.geocoding.providers.cache import Kept
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.models import Provider
from geocrm.geocoding.providers.pace import Held
from geocrm.geocoding.providers.questions import Question
from geocrm.geocoding.providers.whereabouts import Expectation

# How long one address may wait for its turn: a few turns at one a second.
PATIENCE_S = 10.0
# Who works through a file waits longer, as nobody comes back for the addresses left open.
FILE_PATIENCE_S = 120.0
# The share of good answers that is assumed of a provider nobody has asked yet, as four answers.
PRIOR_GOOD, PRIOR_ASKED = 2, 4

enabled = queries.enabled

__all__ = [
    "Asked", "Estimate", "Part", "Trial", "ask", "better", "enabled", "estimate", "improve",
    "improve_to_keep", "try_out",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the providers say of an address.

    No answer and no `retry_in_s`: nobody knows it. No answer and `retry_in_s`: those that might
    know it are limited, broken or stopped; ask again after so many seconds. Both: this is the best
    for now, and one that could not be asked may know better. `held` says who could not be asked.
    """

    answer: Answer | None
    retry_in_s: float | None
    held: tuple[tuple[str, Held], ...] = ()


def ask(
    sessions: sessionmaker[Session],
    query: AddressQuery,
    country: str = "ID",
    *,
    patience_s: float = PATIENCE_S,
    resolve: Resolver = system_addresses,
) -> Asked:
    """Ask the enabled providers in their order until one answer is good enough.

    What is kept from before is looked at first. `country` (ISO or name) is taken where the address
    names none.
    """
    question = Question.of(query, country)
    if question.empty:
        return Asked(None, None)
    with sessions.begin() as session:
        round_ = _Round.begin(session, question, resolve)
    for lent in round_.left():
        outcome = asking.ask(sessions, lent, question, patience_s=patience_s)
        with sessions.begin() as session:
            round_.take(session, lent, outcome)
        if round_.done:
            break
    return round_.asked()


class _Round:
    """One address on its way through the providers."""

    def __init__(self, expected: Expectation, lent: Sequence[Lent]) -> None:
        self._expected = expected
        self._lent = lent
        self._known: set[int] = set()
        self._answers: list[Answer] = []
        self._held: list[tuple[str, Held]] = []

    @classmethod
    def begin(cls, session: Session, question: Question, resolve: Resolver) -> "_Round":
        """The providers that cover the country, and what is kept of them."""
        known = queries.enabled(session)
        keys = queries.keys(session, [provider.id for provider in known])
        lent = [Lent(each, keys.get(each.id, ""), resolve) for each in known]
        round_ = cls(
            whereabouts.expect(session, question),
            [each for each in lent if each.kind.covers(question.country)],
        )
        kept = cache.kept(
            session, {each.provider.id: _key(each, question) for each in round_._lent}
        )
        for each in round_._lent:
            if each.provider.id in kept:
                round_._known.add(each.provider.id)
                round_._add(session, each, kept[each.provider.id])
        return round_

    @property
    def done(self) -> bool:
        """Whether an answer is good enough."""
        return any(grading.good_enough(answer) for answer in self._answers)

    def left(self) -> Iterator[Lent]:
        """Those still to ask; nobody once an answer is good enough."""
        if not self.done:
            yield from (each for each in self._lent if each.provider.id not in self._known)

    def take(self, session: Session, lent: Lent, outcome: Outcome) -> None:
        """Note what a provider said, and keep what may be kept."""
        if outcome.held is not None:
            self._held.append((lent.provider.name, outcome.held))
            return
        if not outcome.final:
            return
        said = Kept(outcome.claims, clock.now())
        how_long = lent.kind.caches(lent.storage_right)
        question = self._expected.question
        cache.keep(session, lent.provider.id, _key(lent, question), said, how_long)
        if grading.good_enough(self._add(session, lent, said)):
            pace.count_good(session, lent.provider.id)

    def _add(self, session: Session, lent: Lent, said: Kept) -> Answer:
        answer = _answer(session, self._expected, lent, said)
        if answer.found:
            self._answers.append(answer)
        return answer

    def asked(self) -> Asked:
        """The best answer there is."""
        best = grading.best_between(self._answers)
        waits = [held.retry_in_s for _, held in self._held]
        retry_in_s = min(waits) if waits and not self.done else None
        return Asked(best if best.found else None, retry_in_s, tuple(self._held))


def _key(lent: Lent, question: Question) -> bytes:
    """Under what an answer is kept: the address, and the settings that make a difference."""
    settings = lent.provider.settings
    matter = {name: settings.get(name) for name in ("domain", "scheme", "storage_right")}
    return question.key({"kind": lent.kind.code, **matter})


def _answer(session: Session, expected: Expectation, lent: Lent, said: Kept) -> Answer:
    """The best of one provider's claims, with its name and terms on it."""
    best = grading.best_of([_graded(session, expected, claim) for claim in said.claims])
    kind = lent.kind
    kept = kind.keeps(lent.storage_right)
    return replace(
        best,
        provider=lent.provider.name,
        licence=kind.licence,
        attribution=kind.attribution,
        retain_until=None if kept is None else said.fetched_at + kept,
    )


def _graded(session: Session, expected: Expectation, claim: Claim) -> Answer:
    question = expected.question
    found = agreement.compare(question.query, claim)
    if found.locality is Match.DIFFERS and whereabouts.same_place(session, question, claim):
        found = replace(found, locality=Match.AGREES)
    numbers = agreement.asked_numbers(question.query, claim)
    verdict = whereabouts.judge(session, expected, claim)
    asked_number = numbers[0].text if numbers else ""
    answer = grading.answer_of(question, claim, found, verdict, asked_number)
    if verdict is whereabouts.Verdict.INSIDE:
        return replace(answer, place_code=expected.offline.place_code)
    return answer


# ----------------------------------------------------------------- trying one out


class Trial(NamedTuple):
    """What came of asking one provider: an answer, or what is in the way."""

    answer: Answer | None
    trouble: str


def try_out(
    sessions: sessionmaker[Session],
    provider_id: int,
    query: AddressQuery,
    country: str = "ID",
    *,
    resolve: Resolver = system_addresses,
) -> Trial:
    """Ask one provider for an administrator, past the cache and past its being off or stopped.

    It waits its turn and is counted like every other request; an answer closes the breaker.
    """
    question = Question.of(query, country)
    with sessions.begin() as session:
        provider = queries.provider(session, provider_id)
        key = queries.keys(session, [provider_id]).get(provider_id, "")
        expected = whereabouts.expect(session, question)
    lent = Lent(provider, key, resolve)
    outcome = asking.ask(sessions, lent, question, patience_s=PATIENCE_S, take=pace.take_for_trial)
    if outcome.trouble or outcome.held:
        held = outcome.held.why.value if outcome.held else ""
        return Trial(None, outcome.trouble or held)
    with sessions.begin() as session:
        answer = _answer(session, expected, lent, Kept(outcome.claims, clock.now()))
    return Trial(answer, "")


# ----------------------------------------------------------------- beside the offline answers


def better(offline: Answer, online: Answer | None) -> Answer:
    """The finer of the two; the offline one when they are alike, as it is free to keep."""
    if online is None or not online.found:
        return offline
    rank = grading.FINEST_FIRST.index
    if rank(online.grade) < rank(offline.grade):
        return online
    return offline


def improve(
    sessions: sessionmaker[Session],
    queries_: Sequence[AddressQuery],
    answers: Iterable[Answer],
    country: str = "ID",
) -> Iterator[Answer]:
    """The offline answers, with the providers' in place of those that are coarser than a street."""
    for query, answer in zip(queries_, answers, strict=True):
        if grading.good_enough(answer):
            yield answer
        else:
            asked = ask(sessions, query, country, patience_s=FILE_PATIENCE_S)
            yield better(answer, asked.answer)


def improve_to_keep(
    sessions: sessionmaker[Session],
    queries_: Sequence[AddressQuery],
    answers: Sequence[Answer],
    country: str = "ID",
) -> Iterator[Answer]:
    """The same for a file that is kept: without points whose time is limited by terms."""
    improved = improve(sessions, queries_, answers, country)
    for offline, answer in zip(answers, improved, strict=True):
        yield answer if answer.retain_until is None else offline


# ----------------------------------------------------------------- what it will take


class Part(NamedTuple):
    """What is expected of one provider. `stays_open`: requests that its monthly cap forbids."""

    provider: str
    num_requests: int
    cost: Decimal
    currency: str
    seconds: float
    stays_open: int


class Estimate(NamedTuple):
    """What asking for so many addresses will take, as far as past answers tell.

    `cost` is None when providers are paid in several currencies; `by_provider` has each.
    """

    num_requests: int
    cost: Decimal | None
    currency: str
    seconds: float
    by_provider: tuple[Part, ...]


def estimate(session: Session, num_addresses: int) -> Estimate:
    """Requests, cost and time for so many addresses; each provider gets what those before leave."""
    share, used = queries.all_time(session), queries.this_month(session)
    left, parts = float(num_addresses), []
    for provider in queries.enabled(session):
        if provider.stopped is not None:
            continue
        asked, good = share.get(provider.id, (0, 0))
        spent = used[provider.id].requests if provider.id in used else 0
        part, answered = _part(provider, round(left), spent)
        parts.append(part)
        left -= answered * (good + PRIOR_GOOD) / (asked + PRIOR_ASKED)
    paid = {part.currency for part in parts if part.cost} or {part.currency for part in parts}
    total = sum((part.cost for part in parts), Decimal(0))
    return Estimate(
        num_requests=sum(part.num_requests for part in parts),
        cost=total if len(paid) <= 1 else None,
        currency=min(paid, default="") if len(paid) <= 1 else "",
        seconds=sum(part.seconds for part in parts),
        by_provider=tuple(parts),
    )


def _part(provider: Provider, wanted: int, spent: int) -> tuple[Part, int]:
    """What a provider is expected to be asked, within what its cap leaves of this month."""
    room = wanted if provider.monthly_cap is None else max(0, provider.monthly_cap - spent)
    asked = min(wanted, room)
    return (
        Part(
            provider=provider.name,
            num_requests=asked,
            cost=provider.cost_per_request * asked,
            currency=provider.currency,
            seconds=asked / provider.rate_per_s,
            stays_open=wanted - asked,
        ),
        asked,
    )
