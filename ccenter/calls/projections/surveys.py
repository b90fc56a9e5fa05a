"""Keys that customers choose once they were served, or in a call the machine made: what surveys by telephone ask."""

from ccenter.acd import facts
from ccenter.calls.models import Call, SurveyAnswer
from ccenter.calls.projections.book import Book, moment


def chosen(book: Book, call: Call, fact: facts.KeyChosen) -> None:
    """Nothing was answered by who pressed no key in time; what a caller chooses before an agent is no survey."""
    owed = book.callbacks.get(call.owed)
    task = owed is not None and owed.kind != "callback" and call.direction == "out"
    if not fact.key or not (task or (call.connected_at is not None and call.answered_by)):
        return
    flow = next((step["flow"] for step in reversed(call.steps) if step["step"] == "node"), "")
    if not flow:
        return
    row = SurveyAnswer(seq=fact.seq, call=fact.call, agent=call.agent, queue=call.queue, flow=flow, node=fact.node)
    row.key, row.at, row.callback = fact.key, moment(fact.at), call.owed if task else ""
    book.changed(row)
