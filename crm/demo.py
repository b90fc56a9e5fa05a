"""Demo customers: plausible names, numbers of the form 1xx 0000 nnnn, which no operator gives out in rows."""

from crm.models import Customer, CustomerPhone
from crm.pins import hashed

FIRST = 80000001
PINS = 100  # so many have a PIN: the last four digits of their member number, for the demo to be tried
PREFIXES = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "153", "155", "156", "157", "158")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
FIRSTS = "伟秀志建海小晓玉文明国丽春金红雪佳思雨子"
SECONDS = "芳英华平兰强军敏静杰娟涛超霞刚玲桂琴辉婷宁凯琳梅燕鹏波莉欣怡"
DOUBLE = ("欧阳", "上官", "司马", "诸葛", "夏侯")


def customers(count: int) -> None:
    """Make demo customers until there are `count` of them."""
    last = Customer.objects.filter(number__regex=r"^8[0-9]{7}$").order_by("-number").values_list("number", flat=True).first()
    start = int(last) - FIRST + 1 if last else 0
    made = Customer.objects.bulk_create((_customer(n) for n in range(start, count)), batch_size=5000)
    CustomerPhone.objects.bulk_create(
        [CustomerPhone(customer=c, number=f"+86{phone(n)}") for n, c in enumerate(made, start)]
        + [CustomerPhone(customer=c, number=f"+86{second(n)}") for n, c in enumerate(made, start) if n % 5 == 0],
        batch_size=5000,
    )


def phone(place: int) -> str:
    """The mobile number of the customer in this place (0 is the first)."""
    return f"{PREFIXES[place % len(PREFIXES)]}0000{place // len(PREFIXES):04}"


def second(place: int) -> str:
    """Another number, of every fifth customer: at home in Hangzhou."""
    return f"571{80000000 + place}"


def _customer(place: int) -> Customer:
    mix = (place * 2654435761) % 2**32  # scattered, and the same each time
    surname = DOUBLE[mix % 5] if mix % 89 == 0 else SURNAMES[mix % len(SURNAMES)]
    given = SECONDS[mix // 53 % len(SECONDS)]
    if mix % 4:
        given = FIRSTS[mix // 1601 % len(FIRSTS)] + given
    number = str(FIRST + place)
    return Customer(
        number=number,
        name=surname + given,
        title="ms" if mix % 3 else "mr",
        level="vip" if place % 20 == 0 else "member" if place % 4 == 0 else "ordinary",
        language="en" if place % 200 == 199 else "",
        points=mix // 7 % 5000,
        pin=hashed(number[-4:], 1000) if place < PINS else "",
    )
