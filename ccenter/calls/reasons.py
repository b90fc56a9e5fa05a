"""Why the core refused, in words. The codes are those of `RequestRefused` and of refused rows of `Request`."""

from django.utils.translation import gettext_lazy as _

TEXTS = {
    "unknown_agent": _("This seat is not set up."),
    "already_signed_in": _("You are signed in already."),
    "phone_in_use": _("Another seat is signed in with this phone."),
    "phone_offline": _("Your phone is not connected."),
    "signed_out": _("You are not signed in."),
    "busy": _("Not possible during a call."),
    "no_call": _("There is no such call at your seat now."),
    "no_such_call": _("This call is not waiting any more."),
    "in_conference": _("Not possible in a conference."),
    "not_in_conference": _("This is not a conference."),
    "conference_full": _("The conference has as many people as it can hold."),
    "not_held": _("The call is not on hold."),
    "consulting": _("End the consultation first."),
    "not_consulting": _("Nobody is being consulted, or they have not answered yet."),
    "internal_call": _("Not possible with an internal call."),
    "not_recording": _("There is no recording to pause or resume."),
    "bad_target": _("Calls cannot be sent there."),
    "unknown_target": _("There is no such target."),
    "target_busy": _("The colleague is in a call."),
    "target_signed_out": _("The colleague is not signed in."),
    "bad_number": _("This is not a number that can be called."),
    "bad_keys": _("Only digits, *, # and A to D can be sent."),
    "no_callback": _("There is no callback for you just now."),
    "no_such_callback": _("This callback is closed already."),
    "being_called": _("Somebody is on the line with them already, or calls them just now."),
    "outside_hours": _("Where they live it is not an hour to call."),
    "not_called": _("They have not been called yet."),
    "no_consent": _("They have not agreed to such calls."),
    "do_not_call": _("They do not want to be called."),
    "no_trunk": _("No line is free to call this number."),
    "target_not_in_call": _("The seat is in no call."),
    "not_monitoring": _("You are not listening to a call."),
    "away": _("Your phone is not connected to the call just now."),
    "expired": _("The call centre did not take this up in time. Please try again."),
    "bad_request": _("The call centre did not understand this."),
}


def text(code: str) -> str:
    """The text in the language of the request being answered; the code itself when it has none. "" for ""."""
    return str(TEXTS.get(code, code))
