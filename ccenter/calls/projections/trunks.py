"""Facts about the trunks' channels, folded into who has each."""

from ccenter.acd import facts
from ccenter.calls.models import TrunkChannel
from ccenter.calls.numbers import normalise
from ccenter.calls.projections.book import Book, moment, on


@on(facts.TrunkTaken, needs=())
def taken(book: Book, fact: facts.TrunkTaken) -> None:
    channel = book.channels[fact.leg] = TrunkChannel(
        leg=fact.leg,
        trunk=fact.trunk,
        call=fact.call,
        agent=fact.agent,
        direction=fact.direction,
        number=normalise(fact.number).number,
        started_at=moment(fact.at),
    )
    book.changed(channel)


@on(facts.TrunkFreed, needs=("leg",))
def freed(book: Book, fact: facts.TrunkFreed) -> None:
    if channel := book.channels.get(fact.leg):
        channel.ended_at = moment(fact.at)
        book.changed(channel)
        book.over(fact.leg)
