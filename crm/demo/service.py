"""What was done for the demo's customers in the past months: calls, service records, notes, complaints."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from ccenter.calls import numbers
from ccenter.calls.models import Agent, Call, CallbackEntry
from crm.demo.people import FIRST, phone
from crm.models import Category, Complaint, Customer, CustomerNote, ServiceRecord

SERVED = 600  # customers with a past
FIRST_UNKNOWN = 165_000  # nobody has a place so high
LABELS = ("家有好物频道", "都市生活频道", "影视剧场频道", "新闻综合频道", "旅游卫视频道", "健康时尚频道")
# Category, queue, result, summary.
STORIES: tuple[tuple[str, str, str, str], ...] = (
    ("order-new", "orders", "ordered", "客户看节目来电订购，已核对收货地址和电话，货到付款，赠品一份已备注。"),
    ("delivery-late", "service", "follow_up", "客户催送货，订单已发出两天未到。已联系物流，承诺明天中午前回电告知进度。"),
    ("order-state", "service", "solved", "查询订单进度，告知已在派送途中，预计今天下午送达，客户满意。"),
    ("product-use", "service", "solved", "询问商品使用方法，已按说明书第三页指导操作，现场试用成功。"),
    ("return", "service", "solved", "颜色与想象不符，要求七天无理由退货。已登记，快递员后天上门取件，退款原路返回。"),
    ("member-points", "service", "solved", "咨询积分余额和兑换方法，已告知有效期至年底，推荐兑换厨房用品。"),
    ("product-price", "orders", "solved", "对比两款商品价格，客户表示和家人商量后再订购，可在晚间节目前回访。"),
    ("exchange", "service", "follow_up", "尺码偏小，换大一号。仓库现货，等客户寄回后三天内发出，需跟进。"),
    ("complaint-delivery", "complaints", "complaint", "配送延误五天，快递员态度不好。已致歉并登记投诉，赠送五十元优惠券。"),
    ("order-change", "orders", "solved", "修改送货时间为周末全天，已通知仓库。"),
    ("delivery-address", "service", "solved", "搬家修改收货地址，已更新客户资料。"),
    ("refund", "service", "solved", "询问退款进度，财务已于昨日处理，一到三个工作日到账。"),
    ("product-show", "orders", "solved", "询问节目重播时间，告知今晚八点半再播，可提前预订。"),
    ("order-invoice", "service", "follow_up", "需补开增值税电子发票，抬头和税号已记录，开好后短信通知。"),
    ("repair", "service", "transferred", "使用两个月后不加热，在保修期内，转专家组安排上门维修。"),
)
NOTES = (
    "说话慢，听力不太好，请放慢语速、重复关键信息。",
    "偏好货到付款，收货请安排在傍晚六点以后。",
    "每周六晚看节目订购，可主动推荐厨房类新品。",
    "对快递员上门前不打电话很在意，下单时务必备注。",
    "家住六楼无电梯，大件请提前说明。",
    "子女代为付款，付款确认请联系备用号码。",
    "讲粤语，普通话能听懂。",
    "曾推荐三位亲友购买，回访时可表示感谢。",
)
COMPLAINTS = (
    ("complaint-quality", "收到的商品有划痕，客户怀疑是二手货，要求换新并给出说法。"),
    ("complaint-delivery", "承诺三天送达，已经第八天仍未收到，客户要求赔偿。"),
    ("complaint-claim", "节目里说赠品共三件，实际只收到一件，要求补寄。"),
    ("complaint-service", "上次来电等了十几分钟没人接，接通后被挂断，情绪激动。"),
    ("complaint-price", "下单第二天节目降价八十元，要求退差价。"),
)
# Place of the customer (beyond the first ones: nobody we know), queue, source, minutes ago.
OWED = (
    (1, "orders", "abandoned", 25),
    (5, "service", "asked", 48),
    (12, "service", "closed", 610),
    (30, "complaints", "voicemail", 95),
    (44, "orders", "abandoned", 130),
    (165_001, "orders", "abandoned", 12),
    (165_013, "service", "menu", 72),
)


@transaction.atomic
def past() -> None:
    """The past of the first customers; nothing where there is some, or nobody could have served them."""
    agents = list(Agent.objects.filter(active=True, user__groups__name="agent").order_by("number").defer("sip_password")[:40])
    if not agents or ServiceRecord.objects.exists():
        return
    last = str(FIRST + SERVED)
    rows = Customer.objects.filter(number__gte=str(FIRST), number__lt=last, number__regex=r"^8[0-9]{7}$")
    people = list(rows.order_by("number").only("id", "number", "language"))
    category = dict(Category.objects.values_list("code", "id"))
    _calls(people, agents, category)
    _notes(people, agents)
    _complaints(people, agents, category)
    _callbacks(len(people))


def _calls(people: list[Customer], agents: list[Agent], category: dict[str, int]) -> None:
    now = timezone.now()
    calls, records = [], []
    for customer in people:
        place = int(customer.number) - FIRST
        number = f"+86{phone(place)}"
        where = numbers.normalise(number)
        for nth in range(place * 5 % 4):  # a quarter never called
            mix = place * 31 + nth * 17
            code, queue, result, summary = STORIES[mix % len(STORIES)]
            agent = agents[mix % len(agents)]
            at = now - timedelta(days=1 + 9 * nth + mix % 13, minutes=mix * 7 % 600, seconds=mix % 60)
            waited, talked = float(mix % 40), 40.0 + mix * 13 % 400
            calls.append(
                Call(
                    id=f"past{place}-{nth}",
                    ani=number,
                    number=number,
                    province=where.province,
                    city=where.city,
                    dnis=str(4008002001 + mix % len(LABELS)),
                    label=LABELS[mix % len(LABELS)],
                    trunk="demo",
                    language=customer.language or "zh",
                    queue=queue,
                    state="ENDED",
                    outcome="ANSWERED",
                    answered_by=agent.number,  # not `agent`: a caller is not to be offered whom they never spoke to
                    customer=str(customer.pk),
                    started_at=at,
                    answered_at=at,
                    queued_at=at + timedelta(seconds=12),
                    connected_at=at + timedelta(seconds=12 + waited),
                    ended_at=at + timedelta(seconds=12 + waited + talked),
                    waited=waited,
                    talked=talked,
                    ended_by="caller",
                )
            )
            until = timezone.localdate() + timedelta(days=mix % 5 - 1) if result == "follow_up" and nth == 0 else None
            written = at + timedelta(seconds=30 + waited + talked)
            records.append(
                ServiceRecord(
                    call=f"past{place}-{nth}",
                    author_id=agent.user_id,
                    agent=agent.number,
                    customer=customer,
                    category_id=category.get(code),
                    result=result,
                    first_contact=result in ("solved", "ordered"),
                    summary=summary,
                    follow_up=until,
                    created_at=written,
                    updated_at=written,
                )
            )
    Call.objects.bulk_create(calls, batch_size=2000, ignore_conflicts=True)
    ServiceRecord.objects.bulk_create(records, batch_size=2000)


def _notes(people: list[Customer], agents: list[Agent]) -> None:
    now = timezone.now()
    CustomerNote.objects.bulk_create(
        CustomerNote(
            customer=customer,
            text=NOTES[place % len(NOTES)],
            author_id=agents[place % len(agents)].user_id,
            created_at=now - timedelta(days=2 + place % 60, minutes=place % 700),
        )
        for place, customer in enumerate(people)
        if place % 3 == 0
    )


def _complaints(people: list[Customer], agents: list[Agent], category: dict[str, int]) -> None:
    now = timezone.now()
    rows = []
    for place, customer in enumerate(people):
        if place % 9:
            continue
        code, text = COMPLAINTS[place // 9 % len(COMPLAINTS)]
        taken = now - timedelta(days=1 + place % 20, minutes=place * 3 % 500)
        settled = place % 27 == 18
        rows.append(
            Complaint(
                customer=customer,
                category_id=category.get(code),
                text=text,
                state="closed" if settled else "working" if place % 2 else "open",
                resolution="已补寄并致歉，客户表示满意。" if settled else "",
                author_id=agents[place % len(agents)].user_id,
                created_at=taken,
                due_at=taken + timedelta(days=3),
                closed_at=taken + timedelta(days=2) if settled else None,
            )
        )
    Complaint.objects.bulk_create(rows)


def _callbacks(known: int) -> None:
    """Those that are not there yet; the core hears of them when it starts for the first time."""
    now = timezone.now()
    there = set(CallbackEntry.objects.filter(id__startswith="demo-").values_list("id", flat=True))
    owed = set(CallbackEntry.objects.filter(closed_at=None).values_list("number", flat=True))
    CallbackEntry.objects.bulk_create(
        (
            CallbackEntry(
                id=f"demo-{place}",
                number=f"+86{phone(place)}",
                dnis="4008002001",
                queue=queue,
                source=source,
                language="zh",
                asked_at=now - timedelta(minutes=ago),
                times_asked=1 + place % 3,
            )
            for place, queue, source, ago in OWED
            if (place < known or place > FIRST_UNKNOWN) and f"demo-{place}" not in there and f"+86{phone(place)}" not in owed
        ),
    )
