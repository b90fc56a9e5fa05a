"""What became of a TV spot, as text in Chinese or English: a column for each number of agents."""

from ccenter.sim.scenario import Scenario
from ccenter.sim.spot import Outcome
from ccenter.sim.table import right, width

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "head": "{name}: {callers} calls, {lines} lines. Who reaches no agent is called back, the earlier asked first.",
        "agents": "agents",
        "served": "served by an agent at once",
        "captured": "promised a call by the machine",
        "refused": "found no free line (noted all the same)",
        "gave_up": "gave up while waiting",
        "called": "called back",
        "reached": "  of them reached",
        "kept": "served or called back, of all callers",
        "wait": "median wait for the call back, h:mm",
        "all_called": "all called after, h:mm",
        "all_closed": "all settled after, with retries, h:mm",
        "orders": "orders at once",
        "saved": "orders saved by calling back",
        "alone": "orders without machine and callbacks",
        "line": "A call that the machine takes holds a line for {seconds:.1f} s (median).",
    },
    "zh": {
        "head": "{name}：{callers} 个来电，{lines} 条线路；未接通坐席者按先后顺序回电",
        "agents": "坐席数",
        "served": "坐席当即接听",
        "captured": "自动坐席承诺回电",
        "refused": "无空闲线路（仍予登记）",
        "gave_up": "等待中放弃",
        "called": "已回电",
        "reached": "  其中接通",
        "kept": "接听或回电占来电比例",
        "wait": "回电等待中位数（时:分）",
        "all_called": "全部回拨用时（时:分）",
        "all_closed": "含重拨全部了结用时（时:分）",
        "orders": "当即订单",
        "saved": "回电挽回订单",
        "alone": "无自动坐席与回电时的订单",
        "line": "自动坐席每通占线 {seconds:.1f} 秒（中位数）。",
    },
}
GAP = "  "


def clock(seconds: float) -> str:
    """Hours and minutes: "5:17"."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def figures(agents: int, found: Outcome, alone: Outcome) -> dict[str, str]:
    """One column, by the names of its lines."""
    return {
        "agents": str(agents),
        "served": str(found.served),
        "captured": str(found.captured),
        "refused": str(found.refused),
        "gave_up": str(found.gave_up),
        "called": str(found.called),
        "reached": str(found.reached),
        "kept": f"{found.kept:.1%}",
        "wait": clock(found.median_wait),
        "all_called": clock(found.all_called),
        "all_closed": clock(found.all_closed),
        "orders": str(found.orders),
        "saved": str(found.saved),
        "alone": str(alone.orders),
    }


def left(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def text(scenario: Scenario, outcomes: dict[int, Outcome], alone: dict[int, Outcome], language: str) -> str:
    """`alone`: the same spot without machine and callbacks."""
    say = TEXTS[language]
    columns = [figures(agents, found, alone[agents]) for agents, found in outcomes.items()]
    names = list(columns[0])
    label = max(width(say[name]) for name in names)
    widths = [max(map(width, column.values())) for column in columns]
    name = scenario.name.get(language) or next(iter(scenario.name.values()), "")
    first = next(iter(outcomes.values()))
    lines = [
        GAP.join([left(say[what], label), *(right(column[what], wide) for column, wide in zip(columns, widths, strict=True))])
        for what in names
    ]
    head = say["head"].format(name=name, callers=first.callers, lines=scenario.trunks)
    return "\n".join([head, "", *lines, "", say["line"].format(seconds=first.line_time), ""])
