"""A plan as text, in Chinese or English."""

import unicodedata

from ccenter.sim.centre import Day
from ccenter.sim.staffing import Plan, reached

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "agents": "agents",
        "service_level": "answered in {seconds:g} s",
        "asa": "ASA s",
        "abandoned": "abandoned",
        "occupancy": "occupancy",
        "longest": "longest wait s",
        "calls": "calls/day",
        "trunks": "trunks used",
        "blocked": "no trunk",
        "head": "{name}: {hours:g} hours from {start}, {runs} days played for each number of agents",
        "goal": "Wanted: {level:.0%} of calls answered within {seconds:g} s",
        "goal_abandoned": ", at most {share:.1%} abandoned",
        "goal_occupancy": ", occupancy at most {share:.0%}",
        "least": "At least {agents} agents at the phone.",
        "heads": "With {share:.0%} of paid time away from it: {heads} people.",
        "none": "Not even {agents} agents are enough.",
        "erlang": "Erlang C alone, for the busiest interval and with callers who never give up, says {agents}.",
        "full": "Some calls found no free trunk: more trunks are needed before more agents.",
    },
    "zh": {
        "agents": "坐席数",
        "service_level": "{seconds:g} 秒内接听",
        "asa": "平均应答(秒)",
        "abandoned": "放弃率",
        "occupancy": "利用率",
        "longest": "最长等待(秒)",
        "calls": "每日呼叫",
        "trunks": "占用中继",
        "blocked": "无中继",
        "head": "{name}：自 {start} 起 {hours:g} 小时，每种坐席数模拟 {runs} 天",
        "goal": "目标：{level:.0%} 的来电在 {seconds:g} 秒内接听",
        "goal_abandoned": "，放弃率不超过 {share:.1%}",
        "goal_occupancy": "，利用率不超过 {share:.0%}",
        "least": "至少需要 {agents} 个在线坐席。",
        "heads": "计入 {share:.0%} 的离席时间：需 {heads} 人。",
        "none": "{agents} 个坐席仍不能达到目标。",
        "erlang": "仅按 Erlang C（最忙时段、无人放弃）计算为 {agents} 个。",
        "full": "有来电因中继占满而未能接入：应先增加中继，再增加坐席。",
    },
}
LANGUAGES = tuple(TEXTS)


def width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def right(text: str, columns: int) -> str:
    return " " * (columns - width(text)) + text


def row(plan: Plan, agents: int, day: Day) -> list[str]:
    cells = [
        ("* " if agents == plan.recommended else "") + str(agents),
        f"{day.service_level:.1%}" + ("" if reached(plan.scenario.goal, day) else " -"),
        f"{day.asa:.1f}",
        f"{day.abandon_rate:.1%}",
        f"{day.occupancy:.1%}",
        f"{day.longest:.0f}",
        f"{(day.offered + day.blocked) / plan.scenario.runs:.0f}",
        str(day.busiest_trunks),
    ]
    return [*cells, str(day.blocked)] if plan.scenario.trunks is not None else cells


def text(plan: Plan, language: str) -> str:
    """The table and the advice. `*` marks the number that is enough, `-` a goal not reached."""
    say, scenario, goal = TEXTS[language], plan.scenario, plan.scenario.goal
    name = scenario.name.get(language) or next(iter(scenario.name.values()), "")
    columns = ["agents", "service_level", "asa", "abandoned", "occupancy", "longest", "calls", "trunks"]
    columns += ["blocked"] if scenario.trunks is not None else []
    lines = [[say[column].format(seconds=goal.seconds) for column in columns]]
    lines += [row(plan, agents, day) for agents, day in plan.days.items()]
    widths = [max(width(line[i]) for line in lines) for i in range(len(columns))]
    wanted = say["goal"].format(level=goal.service_level, seconds=goal.seconds)
    if goal.abandoned_most is not None:
        wanted += say["goal_abandoned"].format(share=goal.abandoned_most)
    if goal.occupancy_most is not None:
        wanted += say["goal_occupancy"].format(share=goal.occupancy_most)
    out = [say["head"].format(name=name, hours=scenario.hours, start=scenario.start, runs=scenario.runs), wanted, ""]
    out += ["  ".join(right(cell, columns) for cell, columns in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([*out, "", *advice(plan, say)]) + "\n"


def advice(plan: Plan, say: dict[str, str]) -> list[str]:
    scenario = plan.scenario
    if plan.recommended is None:
        out = [say["none"].format(agents=max(plan.days))]
    else:
        out = [say["least"].format(agents=plan.recommended)]
        if scenario.shrinkage:
            out.append(say["heads"].format(share=scenario.shrinkage, heads=plan.heads))
    if plan.days[plan.recommended or max(plan.days)].blocked:
        out.append(say["full"])
    if plan.erlang_c is not None:
        out.append(say["erlang"].format(agents=plan.erlang_c))
    return out
