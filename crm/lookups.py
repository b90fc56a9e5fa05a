"""What a flow may ask about customers.

caller {number} -> the customer this number belongs to; member {member} -> by member number; member_pin {member, pin} ->
the same if the PIN is right; points {customer}, {member} or {number} -> points.
Values: customer (key), member, name, title, level, priority, last_agent, points, and language where the customer chose one.
"""

from ccenter.calls import lookups, numbers
from ccenter.calls.lookups import Values
from ccenter.calls.selectors import last_agent_of
from crm import pins
from crm.models import Customer
from crm.selectors.customers import resolve

PRIORITY = {Customer.Level.ORDINARY: 0, Customer.Level.MEMBER: 1, Customer.Level.VIP: 2}


def caller(arguments: Values) -> Values | None:
    number = numbers.normalise(arguments.get("number", "")).number
    customer = _at(number)
    return None if customer is None else described(customer, number)


def member(arguments: Values) -> Values | None:
    customer = _member(arguments.get("member", ""))
    return None if customer is None else described(customer)


def member_pin(arguments: Values) -> Values | None:
    customer = pins.check(arguments.get("member", ""), arguments.get("pin", ""))
    return None if customer is None else described(resolve(customer))


def points(arguments: Values) -> Values | None:
    customer = of(arguments)
    return None if customer is None else {"points": str(customer.points)}


def of(arguments: Values) -> Customer | None:
    """The customer the arguments name: by key, by member number or by telephone number, the first that is given."""
    if (key := arguments.get("customer", "")).isdecimal():
        customer = Customer.objects.filter(pk=int(key)).first()
        return customer and resolve(customer)
    if number := arguments.get("member"):
        return _member(number)
    return _at(numbers.normalise(arguments.get("number", "")).number)


def _member(number: str) -> Customer | None:
    customer = Customer.objects.filter(number=number).first()
    return customer and resolve(customer)


def _at(number: str) -> Customer | None:
    """The one who owns the number, else the first of those who share it."""
    return Customer.objects.filter(phones__number=number).order_by("phones__shared", "number").first() if number else None


def described(customer: Customer, number: str = "") -> Values:
    if not number:
        number = customer.phones.values_list("number", flat=True).order_by("id").first() or ""
    values = {
        "customer": str(customer.pk),
        "member": customer.number,
        "name": customer.name,
        "title": customer.title,
        "level": customer.level,
        "priority": str(PRIORITY[Customer.Level(customer.level)]),
        "last_agent": last_agent_of(number),
        "points": str(customer.points),
    }
    return {**values, "language": customer.language} if customer.language else values


for kind, function in (("caller", caller), ("member", member), ("member_pin", member_pin), ("points", points)):
    lookups.register(kind, function)
