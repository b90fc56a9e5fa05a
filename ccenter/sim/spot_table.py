"""What became of a TV spot, as text in Chinese or English."""

from ccenter.sim.scenario import Scenario
from ccenter.sim.spot import Outcome
from ccenter.sim.table import right, width

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "head": "{name}: {callers} calls, {lines} lines; who reached no agent is called back, the earlier asked first",
        "agents": "agents",
        "served": "served at once",
        "captured": "by the machine",
        "refused": "no line",
        "gave_up": "gave up",
        "called": "called back",
        "reached": "reached",
        "all_called": "all called after",
        "all_closed": "all settled after",
        "orders": "orders at once",
        "saved": "orders saved",
        "alone": "orders without",
        "line": "A call that the machine takes holds a line for {seconds:.1f} s (median).",
        "saving": "Orders saved are of people called back; without callbacks there would be {alone} to {most} orders in all.",
    },
    "zh": {
        "head": "{name}：{callers} 个来电，{lines} 条线路；未接通坐席者按先后顺序回电",
        "agents": "坐席数",
        "served": "当即接听",
        "captured": "自动坐席",
        "refused": "无线路",
        "gave_up": "放弃",
        "called": "已回电",
        "reached": "接通",
        "all_called": "全部回拨用时",
        "all_closed": "全部了结用时",
        "orders": "当即订单",
        "saved": "挽回订单",
        "alone": "无回电时订单",
        "line": "自动坐席每通占线 {seconds:.1f} 秒（中位数）。",
        "saving": "挽回订单来自回电；若不回电，总共只有 {alone} 至 {most} 单。",
    },
}
COLUMNS = tuple(column for column in TEXTS["en"] if column not in ("head", "line", "saving"))


def clock(seconds: float) -> str:
    """Hours and minutes: "5:17"."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def text(scenario: Scenario, outcomes: dict[int, Outcome], alone: dict[int, Outcome], language: str) -> str:
    """A line for each number of agents. `alone`: the same spot without machine and callbacks."""
    say = TEXTS[language]
    lines = [[say[column] for column in COLUMNS]]
    for agents, found in outcomes.items():
        figures = [found.served, found.captured, found.refused, found.gave_up, found.called, found.reached]
        row = [str(figure) for figure in (agents, *figures)]
        row += [clock(found.all_called), clock(found.all_closed), str(found.orders), str(found.saved)]
        lines.append([*row, str(alone[agents].orders)])
    widths = [max(width(line[i]) for line in lines) for i in range(len(COLUMNS))]
    name = scenario.name.get(language) or next(iter(scenario.name.values()), "")
    first = next(iter(outcomes.values()))
    orders = [found.orders for found in alone.values()]
    return "\n".join(
        [
            say["head"].format(name=name, callers=first.callers, lines=scenario.trunks),
            "",
            *("  ".join(right(cell, columns) for cell, columns in zip(line, widths, strict=True)) for line in lines),
            "",
            say["line"].format(seconds=first.line_time),
            say["saving"].format(alone=min(orders), most=max(orders)),
            "",
        ]
    )
