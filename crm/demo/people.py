"""Customers: plausible names, numbers of the form 1xx 0000 nnnn, which no operator gives out in rows."""

from crm.models import Customer, CustomerAddress, CustomerPhone
from crm.pins import hashed
from crm.services import indexing

FIRST = 80000001
PINS = 100  # so many have a PIN: the last four digits of their member number, for the demo to be tried
PREFIXES = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "153", "155", "156", "157", "158")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
FIRSTS = "伟秀志建海小晓玉文明国丽春金红雪佳思雨子"
SECONDS = "芳英华平兰强军敏静杰娟涛超霞刚玲桂琴辉婷宁凯琳梅燕鹏波莉欣怡"
PLACES = (
    ("浙江省", "杭州市", "西湖区文三路"),
    ("浙江省", "宁波市", "海曙区中山西路"),
    ("江苏省", "南京市", "鼓楼区中央路"),
    ("江苏省", "苏州市", "姑苏区人民路"),
    ("上海市", "上海市", "徐汇区漕溪北路"),
    ("广东省", "广州市", "越秀区东风中路"),
    ("湖北省", "武汉市", "武昌区中北路"),
    ("四川省", "成都市", "锦江区红星路"),
    ("山东省", "济南市", "历下区泺源大街"),
    ("河南省", "郑州市", "金水区花园路"),
)
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
    CustomerAddress.objects.bulk_create((_address(c, n) for n, c in enumerate(made, start)), batch_size=5000)
    indexing.index([c.pk for c in made], duplicates=False)


def phone(place: int) -> str:
    """The mobile number of the customer in this place (0 is the first)."""
    return f"{PREFIXES[place % len(PREFIXES)]}0000{place // len(PREFIXES):04}"


def second(place: int) -> str:
    """Another number, of every fifth customer: at home in Hangzhou."""
    return f"571{80000000 + place}"


def _mix(place: int) -> int:
    """Scattered, and the same each time."""
    return (place * 2654435761) % 2**32


def _address(customer: Customer, place: int) -> CustomerAddress:
    mix = _mix(place)
    province, city, street = PLACES[mix % len(PLACES)]
    district, street = street[:3], street[3:]
    house = f"{1 + mix % 300}号{1 + mix % 20}幢{1 + mix // 11 % 6}0{1 + mix // 7 % 4}室"
    return CustomerAddress(customer=customer, province=province, city=city, district=district, street=street + house, main=True)


def _customer(place: int) -> Customer:
    mix = _mix(place)
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
