"""SIP parties for tests: desk phones and callers with sound, precise where SIPp is not.

    async with Phone("1001", secret, sip) as alice, Caller(sip, ani="13900000001", dnis="4001") as carol:
        await alice.register()
        call = carol.dial()                      # INVITE is out
        seat = await alice.ringing()             # the Dialog of alice's ringing phone
        await seat.answer()
        await call.wait_answered()
        await call.hears(alice.tone)             # 200 ms of alice's tone, by spectrum
        await seat.hold(); await call.hears_not(alice.tone)
        await call.hangup(); await seat.wait_ended()

Every wait has a deadline and fails with the SIP trace of the party.
"""

from .agent import Caller, Phone, Policy, UserAgent
from .dialog import Dialog, State
from .media import Media, Pacer
from .message import Message
from .sound import next_tone

__all__ = ["Caller", "Dialog", "Media", "Message", "Pacer", "Phone", "Policy", "State", "UserAgent", "next_tone"]
