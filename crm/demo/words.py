"""What calls are about in a TV-shopping company, and what its agents say."""

from crm.models import Category, Script

# Code -> names, and what is under it.
CATEGORIES: tuple[tuple[str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "order", "订单", "Orders",
        (
            ("order-new", "订购", "New order"),
            ("order-state", "查询订单", "Order state"),
            ("order-change", "修改订单", "Change of an order"),
            ("order-cancel", "取消订单", "Cancellation"),
            ("order-invoice", "发票", "Invoice"),
        ),
    ),
    (
        "delivery", "配送", "Delivery",
        (
            ("delivery-late", "催送货", "Not there yet"),
            ("delivery-address", "修改地址", "Change of address"),
            ("delivery-damaged", "包装破损", "Damaged on the way"),
            ("delivery-cod", "货到付款", "Cash on delivery"),
        ),
    ),
    (
        "after-sales", "售后", "After-sales",
        (
            ("return", "退货", "Return"),
            ("exchange", "换货", "Exchange"),
            ("repair", "维修", "Repair"),
            ("refund", "退款进度", "Refund"),
        ),
    ),
    (
        "product", "商品咨询", "Product questions",
        (
            ("product-use", "功能与用法", "How it works"),
            ("product-price", "价格与优惠", "Prices and offers"),
            ("product-stock", "库存", "In stock"),
            ("product-show", "节目时间", "Broadcast times"),
        ),
    ),
    (
        "member", "会员", "Membership",
        (
            ("member-points", "积分", "Points"),
            ("member-level", "等级权益", "Levels"),
            ("member-data", "资料修改", "Personal data"),
            ("member-pin", "密码", "PIN"),
        ),
    ),
    (
        "complaint", "投诉", "Complaints",
        (
            ("complaint-quality", "商品质量", "Quality of goods"),
            ("complaint-service", "服务态度", "Manner of service"),
            ("complaint-delivery", "配送延误", "Late delivery"),
            ("complaint-claim", "宣传不符", "Not as shown on TV"),
            ("complaint-price", "价格争议", "Price"),
        ),
    ),
    (
        "other", "其他", "Other",
        (
            ("other-wrong", "骚扰或拨错", "Nuisance or wrong number"),
            ("other-idea", "建议", "Suggestions"),
            ("other-partner", "商务合作", "Business partners"),
        ),
    ),
)  # fmt: skip

# Heading, situation, text, conditions.
SCRIPTS_ZH: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("开场白", "greeting", "您好，{company}，{agent}号客服为您服务，请问有什么可以帮您？", {}),
    (
        "开场白：电视频道来电",
        "greeting",
        "您好，感谢您收看{label}！这里是{company}，{agent}号客服为您服务。请问您想订购哪一款商品？怎么称呼您？",
        {"audience": "new"},
    ),
    (
        "开场白：新客户",
        "greeting",
        "您好，{company}，{agent}号客服为您服务。您是第一次来电，请问怎么称呼您？",
        {"audience": "new"},
    ),
    (
        "开场白：老客户",
        "greeting",
        "{salutation}，您好！{company}，{agent}号客服为您服务，请问有什么可以帮您？",
        {"audience": "known"},
    ),
    (
        "开场白：再次来电",
        "greeting",
        "{salutation}，您好！很高兴再次为您服务，我是{agent}号客服。上次的问题解决了吗？今天有什么可以帮您？",
        {"audience": "returning"},
    ),
    (
        "开场白：贵宾",
        "greeting",
        "{salutation}，您好！您是我们的贵宾客户，我是您的专属客服{agent}号，很荣幸为您服务。请问有什么可以帮您？",
        {"audience": "known", "level": "vip"},
    ),
    (
        "开场白：贵宾再次来电",
        "greeting",
        "{salutation}，您好！我是您的专属客服{agent}号，感谢您再次来电。您订购的{product}用得还满意吗？今天有什么可以帮您？",
        {"audience": "returning", "level": "vip"},
    ),
    (
        "投诉专线开场白",
        "greeting",
        "{salutation}，您好！我是{company}投诉专员{agent}号。给您带来不便非常抱歉，请您慢慢说，我会一直跟进到解决为止。",
        {"queue": "complaints", "audience": "returning"},
    ),
    (
        "投诉专线开场白：新客户",
        "greeting",
        "您好！我是{company}投诉专员{agent}号，给您带来不便非常抱歉。请问怎么称呼您？您反映的是哪一笔订单？",
        {"queue": "complaints", "audience": "new"},
    ),
    (
        "订购：确认订单",
        "order",
        "好的，我跟您核对一下：您订购的商品、数量、总金额，送货地址和收货人电话。请问是货到付款还是在线支付？需要开发票吗？",
        {},
    ),
    (
        "订购：推荐搭配",
        "order",
        "{salutation}，购买这款商品的客户常常一起选购配套用品，今天一起订购可以享受八八折，需要为您加上吗？",
        {"audience": "known"},
    ),
    (
        "订购：优惠到期",
        "order",
        "这是节目播出期间的特别价，节目结束后恢复原价。现在订购还可以获赠精美礼品一份。",
        {"queue": "orders"},
    ),
    ("查询：送货进度", "service", "请您稍等，我为您查询物流。一般情况下订单付款后48小时内发货，3到5天送达。", {}),
    (
        "退换货：七天无理由",
        "service",
        "收到商品七天内，不影响二次销售的，都可以无理由退换。我现在为您登记，快递员会在两天内上门取件。",
        {},
    ),
    ("安抚情绪", "complaint", "非常理解您的心情，换作是我也会着急。请您给我一点时间，我马上为您核实处理。", {}),
    ("登记投诉", "complaint", "您反映的情况我已详细登记，编号会发到您的手机。我们会在24小时内给您答复，请您保持电话畅通。", {}),
    ("结束语", "closing", "请问还有其他可以帮您的吗？感谢您的来电，稍后请为我的服务打分，祝您生活愉快，再见！", {}),
    (
        "结束语：称呼客户",
        "closing",
        "{salutation}，请问还有其他可以帮您的吗？感谢您对{company}的支持，祝您和家人生活愉快，再见！",
        {"audience": "known"},
    ),
)
SCRIPTS_EN: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("Greeting", "greeting", "Good day, this is {company}, agent {agent}. How may I help you?", {}),
    (
        "Greeting: first call",
        "greeting",
        "Good day, {company}, agent {agent} speaking. May I have your name, please?",
        {"audience": "new"},
    ),
    (
        "Greeting: customer",
        "greeting",
        "Hello {salutation}, this is {company}, agent {agent}. How may I help you?",
        {"audience": "known"},
    ),
    (
        "Greeting: called before",
        "greeting",
        "Hello {salutation}, good to hear from you again. Agent {agent} speaking. Was everything all right since your last call?",
        {"audience": "returning"},
    ),
    (
        "Order: read it back",
        "order",
        "Let me read that back: the product, the quantity, the total, your address and telephone number.",
        {},
    ),
    (
        "Returns",
        "service",
        "You may return it within seven days of delivery. I will book a courier to fetch it within two days.",
        {},
    ),
    (
        "Calming",
        "complaint",
        "I am very sorry about that, and I understand. Give me a moment, I will look into it right away.",
        {},
    ),
    ("Closing", "closing", "Is there anything else I can do for you? Thank you for calling {company}. Goodbye!", {}),
)


def guides() -> None:
    """Categories and scripts, unless there are any."""
    if not Category.objects.exists():
        for place, (code, zh, en, under) in enumerate(CATEGORIES):
            parent = Category.objects.create(code=code, name_zh=zh, name_en=en, position=place)
            Category.objects.bulk_create(
                Category(code=code, name_zh=zh, name_en=en, position=n, parent=parent) for n, (code, zh, en) in enumerate(under)
            )
    if not Script.objects.exists():
        Script.objects.bulk_create(
            Script(title=title, situation=situation, text=text, language=language, position=place, **conditions)
            for language, scripts in (("zh", SCRIPTS_ZH), ("en", SCRIPTS_EN))
            for place, (title, situation, text, conditions) in enumerate(scripts)
        )
