"""The catalogue of reasons: the English sentence of each code. Other languages say the same codes and values."""

from collections.abc import Mapping

WHY_NOT_THE_RULE = {
    "other_destination": "the message went to {destination}, the rule is for {numbers}",
    "other_originator": "the message came from another number than those of the rule",
    "on_list": "the originator is on the list {list!r}",
    "not_on_list": "the originator is not on the list {list!r}",
    "other_language": "the language of the originator is {language!r}, the rule is for {languages}",
    "has_appointment": "the originator has an appointment",
    "no_such_appointment": "the originator has no {status} appointment that is open",
    "several_appointments": "{count} appointments are open for this number, a person has to tell which one is meant",
    "no_appointment": "no appointment is open for this number",
    "appointment_has_begun": "an appointment that was asked about has begun, a person has to tell which one is meant",
    "appointment_is_so_already": "the appointment is {status} already, a person has to look",
    "in_cooldown": "in cooldown: {period}, {left} of it left",
    "person_has_it": (
        "a person has the conversation until {until} UTC, so only reserved words and open questions are answered"
    ),
    "outside_hours": "outside its hours: {hours}, it was {day} {time}",
    "not_yet": "not yet: since {since}, it was {time}",
    "over": "over: until {until}, it was {time}",
    "rule_paused": "the rule is paused until {until}: {by} did so{why}",
    "pause_began": "the rule {rule!r} pauses until {until}{why}",
    "pause_ended": "the rule {rule!r} applies again, before its pause was over",
    "in_shadow": "it applies, and does nothing while it is in shadow",
    "earlier_rule": "an earlier rule applies first, {rule} (line {line})",
    "one_letter_off": "one letter off: {said!r} is not {alias!r}{besides}",
}

WHY_NOTHING_LEFT = {
    "not_sent": "not sent: {reason}",
    "not_done": "not done: {reason}",
    "ignored": "ignored: {reason}",
    "newer_message": "a newer message of the originator stands",
    "changed_at": "a person changed it at {at}",
    "not_dialable": "the originator is no international number, so it cannot be answered",
    "own_number": "the originator is a number of ours",
    "unknown_destination": "the text went to a number that 'numbers' does not name",
    "rule_in_shadow": "the rule {rule!r} is in shadow",
    "reaction": "a reaction to a text, which is recorded and not answered",
    "echo": "it is what we have just sent, word for word, so a machine is likely to have sent it back",
    "once_per": "once per {period}, {left} of it left",
    "texts_in_a_day": "the number had {count} texts in a day, limits.per_day is {most}",
    "muted": "the number went over a limit and gets no automatic answers until {until} UTC",
    "too_many_replies": "limits.replies allows {most} in {period}",
    "too_many_equal": "limits.equal allows the same text {most} times in {period}",
    "day_used_up": "the texts of the day are used up (limits.all_per_day in rules.yaml)",
    "opted_out": "the originator opted out",
    "in_doubt": "the originator may want no more texts, and no person had decided yet",
    "too_late": "it came too late to be of use, so it was dropped",
    "in_service_shadow": "nothing is sent while RESPONDER_SHADOW is set",
    "erased": "the number was erased",
    "backup_held": "it waited when the backup was made, so it may have left since",
    "backup_cut_short": "it was being sent when the backup was made, so it may have left",
    "worker_killed": "the worker was killed while it was sending",
    "worker_stood_still": "the worker stood still after it had claimed it, and has not sent it",
    "workers_died": "{count} workers died while they handled it",
    "given_up": "given up after {attempts} attempts: {reason}",
    "our_fault": "a fault that nobody thought of ({kind}): the log of the worker has it",
    "gateway_said": "{words}{reasons} (HTTP {status})",
    "gateway_reports": "the gateway reports: {reason}",
    "webhook_answered": "the webhook answered HTTP {status}",
    "webhook_gone": "{reason}: it wants no more calls",
    "webhook_off": "the webhook is switched off, since {reason}: {remedy}",
    "webhook_switched_off": "webhook {webhook} is switched off: {reason}",
    "webhook_unknown": (
        "webhook {webhook!r} is not in the rules file: put it back, then run 'responder deliveries retry {key}'"
    ),
}

WHY_NO_REMINDER = {
    "appointment_gone": "the appointment is no more",
    "later_reminder": "a later reminder of the appointment has come since",
    "no_such_reminder": "the rules file no longer has this reminder",
    "number_opted_out": "the number opted out",
    "reminder_too_late": "it is later than {before} before by more than it is of use",
    "appointment_moved": "the appointment was moved",
    "appointment_begun": "the appointment has begun",
    "appointment_is": "the appointment is {status}",
    "appointment_set": "the appointment was set to {status} by {by}",
    "reminder_dropped": "{before} before: {reason}",
}

WHY_A_PERSON = {
    "several": "{reasons}",
    "unclear_answer": "unclear answer while an appointment is open",
    "late_answer": "answers after the appointment began",
    "question_closed": "answers a question that is closed",
    "number_not_listed": "chose a number that is not on the list",
    "chose_gone": "chose an appointment that was moved, has begun or is no more",
    "chose_none": "answers again without choosing which appointment is meant",
    "may_want_to_stop": "may want no more texts",
    "wants_to_cancel": "wants to cancel",
    "stop_before_appointment": "said STOP, with an appointment to come",
    "answers_doubt": "answers whether they want no more texts, and not clearly",
    "changed_by_hand": "a person changed what it is about before it was handled",
    "not_one_appointment": "{change} without exactly one open appointment",
    "cancelled_after_confirmed": "cancelled after it was confirmed",
    "moves_after_confirmed": "wants another day after it was confirmed",
    "confirms_cancelled": "confirms an appointment that was cancelled before",
    "moves_cancelled": "wants another day for an appointment that was cancelled before",
    "confirms_after_moving": "confirms after another day was asked for",
    "cancelled_after_moving": "cancelled after another day was asked for",
}

WHY_SILENT = {
    "newer_stands": "a newer message of the number stands, or a change by hand",
    "nothing_matched": "nothing matched, and the rules file has no fallback",
    "nothing_matched_asked": 'nothing matched, and a person is asked to look ("{reason}")',
    "question_silent": "it is about an appointment, or answers a question of ours, and nothing is said to it",
    "fallback_silent": "nothing matched, and the fallback has no reply",
    "rule_silent": "the rule {rule} has no reply",
    "stop_silent": (
        "STOP was heard, and its confirmation goes out once in 24 hours at most, or is the gateway's to send"
    ),
    "review_silent": "the text may ask for no more texts, so a person has to look",
    "and_asked": '{said}, and a person is asked to look ("{reason}")',
    "and_nearest": "{said}; the nearest rule is {rule} (line {line}): {why}",
}

SENTENCES: Mapping[str, str] = {
    **WHY_NOT_THE_RULE,
    **WHY_NOTHING_LEFT,
    **WHY_NO_REMINDER,
    **WHY_A_PERSON,
    **WHY_SILENT,
}
