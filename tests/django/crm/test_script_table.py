"""Scripts as people write them: a table of steps, which is the tree again when it is saved."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from crm import script_trees
from crm.pages import script_table
from tests.django.crm.test_script_runs import VISIT


def form_of(table: script_table.Table) -> dict[str, str]:
    """What a browser sends of a table it was shown."""
    sent: dict[str, str] = {}
    for place, row in enumerate(table.rows):
        at = f"s{place}-"
        sent |= {
            f"{at}name": row.name,
            f"{at}was": row.was,
            f"{at}text": row.text,
            f"{at}answer": row.answer,
            f"{at}next": row.next,
            f"{at}least": str(row.least),
            f"{at}most": str(row.most),
        }
        if row.required:
            sent[f"{at}required"] = "on"
        for way in row.branches:
            sent |= {f"{at}{way.value}-label": way.label, f"{at}{way.value}-next": way.next}
        if row.answer != "yes_no":
            for number, one in enumerate(row.options):
                name = f"{at}o{number}-"
                sent |= {f"{name}label": one.label, f"{name}next": one.next, f"{name}value": one.value}
    return sent


def normal(definition: Any) -> script_trees.Tree:
    return script_trees.read(definition)


def test_given_a_script_when_its_table_is_shown_and_sent_back_then_it_is_the_same_tree() -> None:
    marks = {"start": "mark", "steps": {"mark": {"text": "几分？", "answer": "scale", "least": 0, "most": 10}}}
    for tree, start in ((VISIT, "content"), (marks, "mark")):
        table = script_table.table_of(tree)
        assert table.names[0] == start
        assert normal(script_table.tree_of(script_table.read(form_of(table)))) == normal(tree)


def test_given_a_step_renamed_then_those_that_lead_to_it_follow() -> None:
    form = form_of(script_table.table_of(VISIT)) | {"s0-name": "问候"}
    score = next(key for key, value in form.items() if key.endswith("-name") and value == "score")
    form[score] = "打分"
    tree = normal(script_table.tree_of(script_table.read(form)))
    assert (tree.start, tree.steps["问候"].next, tree.steps["when"].next) == ("问候", "打分", "打分")
    assert "score" not in tree.steps


def test_given_two_steps_of_one_name_or_none_then_they_are_told() -> None:
    form = form_of(script_table.table_of(VISIT)) | {"s1-name": "content", "s2-name": " "}
    table = script_table.read(form)
    assert len(script_table.problems(table)) == 2
    assert script_table.problems(script_table.table_of(VISIT)) == []


def test_given_a_step_taken_out_then_who_led_to_it_leads_to_the_one_after_it() -> None:
    table = script_table.table_of(VISIT)
    gone = table.names.index("score")
    tree = normal(script_table.tree_of(script_table.edited(table, f"drop:{gone}")))
    assert tree.steps["content"].next == tree.steps["why"].next == "words"


def test_given_a_step_added_after_one_that_led_nowhere_then_that_leads_to_it() -> None:
    table = script_table.edited(script_table.table_of(None), "add")
    assert table.names == ["1", "2"]
    assert table.rows[0].next == "2"
    table = script_table.edited(script_table.edited(table, "down:0"), "option:0")
    assert (table.names, len(table.rows[0].options)) == (["2", "1"], 1)
    assert script_table.edited(table, "less:0:0").rows[0].options == ()


@given(st.lists(st.text(max_size=12), max_size=4), st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=8))
def test_given_nonsense_for_a_command_or_a_form_then_nothing_breaks(words: list[str], more: dict[str, str]) -> None:
    table = script_table.read({**form_of(script_table.table_of(VISIT)), **more})
    after = script_table.edited(table, ":".join(words))
    assert after.rows
    script_table.outline(after)


def test_given_a_table_in_work_when_its_way_is_told_then_each_branch_stands_under_its_question() -> None:
    lines = script_table.outline(script_table.table_of(VISIT))
    assert [(line["depth"], line["name"], line["label"]) for line in lines if not line["jump"]] == [
        (0, "content", ""),
        (1, "why", "不满意"),
        (2, "when", "有破损"),
        (0, "score", ""),
        (0, "words", ""),
        (0, "bye", ""),
    ]
    assert [line["name"] for line in lines if line["jump"]] == ["score", "score"]
    circle = {"start": "a", "steps": {"a": {"text": "x", "next": "b"}, "b": {"text": "x", "next": "a"}}}
    with pytest.raises(ValidationError):
        script_trees.read(circle)
    rows = [script_table.StepRow("a", "a", "x", next="b"), script_table.StepRow("b", "b", "x", next="a")]
    assert [line["jump"] for line in script_table.outline(script_table.Table(rows))] == [False, False, True]
