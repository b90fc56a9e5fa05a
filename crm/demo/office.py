"""What a TV-shopping company's offices set up: due times, escalation, answers to common questions, a survey, mails, news."""

# ruff: noqa: E501  sentences as they are read

from datetime import time

from django.contrib.auth import get_user_model
from django.db import transaction

from ccenter.calls.models import Calendar
from crm.models import Article, Category, DueRule, Escalation, MailTemplate, News, OutboundRule, Script
from crm.services import knowledge

# Category, severity, working minutes.
DUE = ((None, None, 2 * 540), (None, 4, 120), ("complaint", None, 540), ("complaint", 4, 60), ("repair", None, 5 * 540))
# Category, question, answer, key words.
ANSWERS: tuple[tuple[str, str, str, list[str]], ...] = (
    ("return", "商品不满意可以退货吗？", "签收后七天内，不影响二次销售的，可以无理由退货。在系统里登记后快递员两天内上门取件，退款原路返回。", ["七天无理由", "退换"]),
    ("exchange", "尺码不合适怎么换货？", "登记换货并确认仓库有现货；客户寄回旧件，仓库收到后一天内发出新件，运费由我们承担。", ["换大一号", "尺寸"]),
    ("refund", "退款多久到账？", "财务在收到退货后一个工作日内处理，银行一到三个工作日到账；货到付款的退到客户提供的银行卡。", ["退钱"]),
    ("delivery-late", "订单什么时候能送到？", "付款后四十八小时内发货，省内三天、省外五天送达。超过承诺时间的登记催送货，并告知客户会回电。", ["物流", "催件"]),
    ("delivery-cod", "可以货到付款吗？", "全国大部分县城支持货到付款，单笔不超过五千元；客户可当面验货后付款，可刷卡。", ["代收货款", "刷卡"]),
    ("order-invoice", "怎么开增值税发票？", "记录抬头、税号和邮箱，电子发票在签收后三天内发到邮箱；专用发票另需开户行和账号。", ["抬头", "税号", "电子发票"]),
    ("member-points", "积分怎么用，会过期吗？", "每消费一元积一分，一百分抵一元；积分自获得起两年有效，年底前提醒客户。", ["兑换", "会员"]),
    ("product-use", "不粘锅第一次使用前要做什么？", "用温水和软布清洗，擦干后抹一层食用油小火加热两分钟；不要用钢丝球，不要干烧。", ["开锅", "保养"]),
    ("repair", "商品坏了在保修期内怎么修？", "保修期一年，凭订单号登记维修工单；先按说明书排除简单问题，仍不行的派发就近网点。", ["质保", "维修"]),
)  # fmt: skip
SURVEY = {
    "start": "content",
    "steps": {
        "content": {
            "text": "{salutation}，您对这次购物满意吗？", "answer": "yes_no", "next": "score",
            "options": [{"value": "yes", "label": "满意"}, {"value": "no", "label": "不满意", "next": "why"}],
        },
        "why": {
            "text": "非常抱歉。请问是哪方面让您不满意？", "answer": "choice", "next": "score",
            "options": [
                {"value": "quality", "label": "商品质量"}, {"value": "delivery", "label": "配送"}, {"value": "service", "label": "服务"},
            ],
        },
        "score": {"text": "如果满分是十分，您愿意打几分？", "answer": "scale", "least": 1, "most": 10, "next": "idea"},
        "idea": {"text": "您对我们还有什么建议？", "answer": "text", "required": False, "next": "bye"},
        "bye": {"text": "感谢您的宝贵意见，祝您生活愉快！"},
    },
}  # fmt: skip
RULES = (
    (
        "送达三天后回访",
        {"title": "送达三天后回访", "event": "order_delivered", "kind": "visit", "days": 3, "at": time(10), "quiet_days": 30},
    ),
    ("投诉办结次日回访", {"title": "投诉办结次日回访", "event": "ticket_settled", "kind": "visit", "days": 1, "at": time(14)}),
)
# Code, name, situation, subject, text.
MAILS = (
    ("ticket-taken", "受理通知", "taken", "您反映的问题已受理（{ticket}）",
     "{salutation}：\n\n您反映的问题我们已登记，编号 {ticket}，将在 {due} 前给您答复。\n\n{company}"),
    ("ticket-settled", "处理通知", "settled", "您反映的问题已处理（{ticket}）", "{salutation}：\n\n编号 {ticket} 的处理结果：{resolution}\n\n{company}"),
    ("invoice-sent", "电子发票", "", "您的电子发票", "{salutation}：\n\n订单 {order} 的电子发票请见附件。\n\n{company}"),
)  # fmt: skip


@transaction.atomic
def office() -> None:
    """Each part unless there is some of it; nothing where no lead could have written it."""
    author = get_user_model()._default_manager.filter(groups__name__in=["lead", "admin"], is_active=True).order_by("pk").first()
    if author is None:
        return
    category = {one.code: one for one in Category.objects.all()}
    if not DueRule.objects.exists():
        hours = Calendar.objects.filter(code="office").first()
        DueRule.objects.bulk_create(
            DueRule(category=category.get(code or ""), severity=severity, minutes=minutes, calendar=hours)
            for code, severity, minutes in DUE
        )
    if not Escalation.objects.exists():
        Escalation.objects.bulk_create(
            [Escalation(level=1, minutes=-30), Escalation(level=2, minutes=120, least_severity=2, raise_severity=True)]
        )
    if not Article.objects.exists():
        for code, question, answer, keywords in ANSWERS:
            values = {"category": category.get(code), "question": question, "answer": answer, "keywords": keywords}
            article = knowledge.add_article(author, values)
            knowledge.step(author, article, "submitted")
            knowledge.step(author, article, "live")
    if not Script.objects.exclude(steps=None).exists():
        Script.objects.create(
            title="回访：满意度",
            situation="survey",
            text="{salutation}，您好！我是{company}的回访专员。",
            steps=SURVEY,
            position=90,
        )
    if not OutboundRule.objects.exists():
        sheet = Script.objects.filter(situation="survey").exclude(steps=None).first()
        OutboundRule.objects.bulk_create(  # to be switched on by who means it
            OutboundRule(active=False, script=sheet, reason=title, **about) for title, about in RULES
        )
    if not MailTemplate.objects.exists():
        MailTemplate.objects.bulk_create(
            MailTemplate(code=code, name=name, situation=situation, subject=subject, body=body)
            for code, name, situation, subject, body in MAILS
        )
    if not News.objects.exists():
        News.objects.create(
            title="晚间节目订购提醒", text="今晚八点半节目主推不粘炒锅套装，赠品为硅胶铲，节目期间特价，请熟悉商品编号。", must_read=True, author=author,
        )  # fmt: skip
