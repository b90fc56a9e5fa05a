"""The demo's flows. Names of prompts: asterisk/sounds/*.toml."""

from ccenter.acd.config import (
    AnyNode,
    AnyTarget,
    BranchNode,
    CollectNode,
    Flow,
    GoNode,
    HangUpNode,
    HoursNode,
    LookUpNode,
    MenuNode,
    Phrase,
    Prompts,
    RecordNode,
    SayNode,
    ToCallback,
    ToFlow,
    ToQueue,
    ToVoicemail,
)


def _queue(code: str, *prompts: str, back: str | None = None) -> GoNode:
    return GoNode(ToQueue(code), prompts=prompts or ("transfer-to-agent",), back=back)


def _order_status(number: str, ask: str) -> dict[str, AnyNode]:
    """Tell the state of the caller's latest order; who is not known types a number. Comes back to "menu"."""
    told: Prompts = (
        "order-number-is",
        Phrase("digits", "$order"),
        "$order_prompt",
        "order-amount-is",
        Phrase("amount", "$order_amount"),
    )
    return {
        "status": LookUpNode("order_status", "status-told", ask, {"number": number}, ("lookup-wait",), failed="status-failed"),
        "status-ask": CollectNode(("enter-order-number",), "order", "status-find", 4, 16, failed="menu"),
        "status-find": LookUpNode("order_status", "status-told", "status-none", {"order": "$order"}, ("lookup-wait",)),
        "status-told": SayNode(told, "menu"),
        "status-none": SayNode(("order-status-none",), "menu"),
        "status-failed": SayNode(("lookup-failed",), "menu"),
    }


def _member(entered: str, wrong: str) -> dict[str, AnyNode]:
    """Member number and PIN. The PIN is in no record."""
    pair = {"member": "$member", "pin": "$pin"}
    return {
        "member": CollectNode(("enter-member-number",), "member", "member-pin", 4, 12, failed=wrong),
        "member-pin": CollectNode(("enter-pin",), "pin", "member-check", 4, 8, failed=wrong, sensitive=True),
        "member-check": LookUpNode("member_pin", entered, "member-wrong", pair, ("lookup-wait",)),
        "member-wrong": SayNode(("pin-wrong",), wrong),
    }


def _hotline(code: str, human: AnyTarget, order: str, complaint: str) -> Flow:
    nodes: dict[str, AnyNode] = {
        "who": LookUpNode("caller", "known", "stranger", {"number": "$ani"}, timeout=1.0),
        "stranger": LookUpNode("last_agent", "hello", "hello", {"number": "$ani"}, timeout=1.0),
        "known": BranchNode("level", {"vip": "hello-member"}, "hello"),
        "hello": SayNode(("welcome-shopping",), "hours"),
        "hello-member": SayNode(("welcome-shopping", "member-welcome"), "hours"),
        "hours": HoursNode("hotline", "menu", "closed", "holiday"),
        "closed": GoNode(ToFlow("night")),
        "holiday": SayNode(("$holiday_prompt",), "closed"),
        "menu": MenuNode(
            ("menu-main",),
            {"1": "order", "2": "status", "3": "complaint", "9": "member", "0": "human"},
            failed="human",
        ),
        "order": _queue(order),
        "complaint": _queue(complaint),
        "human": GoNode(human, ("transfer-to-agent",)),
        **_order_status("$ani", "status-ask"),
        **_member("member-in", "menu"),
        "member-in": SayNode(("member-welcome", "points-are", Phrase("number", "$points")), "member-level"),
        "member-level": BranchNode("level", {"vip": "vip"}, "menu"),
        "vip": _queue("vip"),
    }
    return Flow(code, "who", nodes, human)


MAIN = _hotline("main", ToQueue("service"), "orders", "complaints")
MAIN_EN = _hotline("main-en", ToQueue("english"), "english", "english")
NIGHT = Flow(
    "night",
    "closed",
    {
        "closed": MenuNode(
            ("welcome-closed", "closed-hours", "callback-offer"), {"1": "callback"}, tries=1, silence=(), failed="message"
        ),
        "callback": GoNode(ToCallback()),
        "message": GoNode(ToVoicemail("service")),
    },
)
WAITING = Flow(
    "waiting",
    "menu",
    {
        "menu": MenuNode(("menu-main",), {"1": "wait"}, failed="wait"),
        "wait": _queue("waiting"),
    },
    ToQueue("waiting"),
)
LAST_AGENT = Flow(
    "lastagent",
    "who",
    {
        "who": LookUpNode("last_agent", "wait", "wait", {"number": "$ani"}),
        "wait": _queue("lastagent"),
    },
)
MEMBER = Flow(
    "member",
    "member",
    {
        **_member("member-in", "stranger"),
        "member-in": SayNode(("member-welcome", "points-are", Phrase("number", "$points")), "served"),
        "served": GoNode(ToQueue("vip", priority=5), ("transfer-to-agent",)),
        "stranger": _queue("service"),
    },
    ToQueue("service"),
)
CARD = Flow(
    "card",
    "pause",
    {
        "pause": RecordNode("pause", "card"),
        "card": CollectNode(("enter-card-number",), "card", "resume", 12, 19, failed="resume", sensitive=True),
        "resume": RecordNode("resume", "served"),
        "served": _queue("recorded"),
    },
)
SURVEY_BACK = Flow(
    "survey-back",
    "served",
    {
        "served": _queue("direct", back="survey"),
        "survey": CollectNode(("survey-ask",), "rating", "thanks", 1, 1, tries=2, failed="thanks"),
        "thanks": HangUpNode(("survey-thanks",)),
    },
)
SURVEY = Flow(  # after a talk with an agent, or by a call of the machine's; the key is the answer
    "survey",
    "rating",
    {
        "rating": MenuNode(("survey-ask",), dict.fromkeys("12345", "thanks"), tries=2, failed="thanks"),
        "thanks": HangUpNode(("survey-thanks",)),
    },
)
SURGE = Flow(  # the surge attendant's, found by its code
    "surge",
    "thanks",
    {
        "thanks": SayNode(("surge-thanks",), "number"),
        "number": MenuNode(("surge-number",), {"1": "other", "2": "say"}, timeout=3, tries=1, silence=(), failed="promise"),
        "say": LookUpNode("number", "told", "promise", {"number": "$ani"}, timeout=1.0),
        "other": CollectNode(
            ("callback-enter-number",), "typed", "read", 5, 16, tries=2, invalid=("number-invalid",), failed="promise"
        ),
        "read": LookUpNode("number", "told", "invalid", {"number": "$typed"}, timeout=1.0, failed="promise"),
        "invalid": SayNode(("number-invalid",), "promise"),
        "told": SayNode(("callback-number-is", Phrase("digits", "$callback_spoken")), "promise"),
        "promise": GoNode(ToCallback()),
    },
)
FLOWS = (  # in the order in which they may name each other
    (NIGHT, "夜间与节假日"),
    (MAIN, "订购热线"),
    (MAIN_EN, "English line"),
    (WAITING, "排队"),
    (LAST_AGENT, "智能号码匹配"),
    (MEMBER, "会员登录"),
    (CARD, "银行卡号"),
    (SURVEY_BACK, "满意度调查"),
    (SURVEY, "服务评价"),
    (SURGE, "话务高峰"),
)
