// What states, reasons and refusals of the console are called.

export const STATES = {
  READY: gettext("Ready"),
  RESERVED: gettext("Ringing"),
  TALKING: gettext("Talking"),
  WRAP_UP: gettext("Wrap-up"),
  NOT_READY: gettext("Busy"),
  LOGGED_OUT: gettext("Signed out"),
};

/** Reasons of being busy that the centre itself gives. */
export const REASONS = {
  phone_offline: gettext("phone not connected"),
  missed_calls: gettext("calls missed"),
  phone_busy: gettext("phone busy"),
  signed_in: gettext("just signed in"),
};

export const PHASES = {
  ringing: gettext("Ringing"),
  dialing: gettext("Calling"),
  talking: gettext("Talking"),
  held: gettext("On hold"),
  ended: gettext("Ended"),
  missed: gettext("Missed"),
  gone: gettext("Handed on"),
};

export const FAILURES = {
  no_answer: gettext("Nobody answered."),
  busy: gettext("The line was busy."),
  refused: gettext("The call was declined."),
  failed: gettext("The call did not get through."),
  caller_gone: gettext("The caller hung up."),
  elsewhere: gettext("A colleague took the call."),
  withdrawn: gettext("The call went on to somebody else."),
};

export const FORCED = {
  ready: gettext("Your team lead set you ready."),
  not_ready: gettext("Your team lead set you busy."),
  signed_out: gettext("Your team lead signed you out."),
  hang_up: gettext("Your team lead ended the call."),
  transfer: gettext("Your team lead transferred the call."),
  take_over: gettext("Your team lead took the call over."),
};

export const LEVELS = { ordinary: gettext("ordinary"), member: gettext("member"), vip: gettext("VIP") };
export const TITLES = { "": "–", mr: gettext("Mr"), ms: gettext("Ms") };
export const CONSENTS = { "": gettext("not known"), yes: gettext("yes"), no: gettext("no") };
export const LANGUAGES = { "": "–", zh: gettext("Chinese"), en: gettext("English") };
