"""The catalogue of refusals: what a person is told who asks for what cannot be done, by its code."""

WHY_NO_TEXT_GOES_OUT = {
    "in_hand": "{who} has it in hand, so nothing was sent: ask, or take it over",
    "of_handoff": "hand-off {key}: {reason}",
    "of_message": "message {key}: {reason}",
    "text_empty": "text: nothing stands here, write what to send",
    "text_too_long": (
        "text: it takes {count} segments ({encoding}, {units} units), at most {most} are sent: shorten it{longer}"
    ),
    "or_more_segments": ", or give max_segments: {count}",
    "not_answerable": "{originator} is no international number, so it cannot be answered by text",
    "nobody": "it is no international number, so it cannot be answered by text",
    "number_of_ours": "{originator} is a number of ours, which is never answered",
    "no_number_for_texts": "this is no number that can be answered by text",
    "never_texted": "this number has never texted us, so there is no number of ours to write from",
    "before_start": "{reason}, so no text may go there before the number says START",
    "about_no_text": "it is about no text of anybody's, so there is nobody to answer",
}

WHY_NOT_CLOSED = {
    "closed_before": "{who} closed it at {at}",
    "handoff_gone": "it is gone, since its number was erased",
    "no_text_no_opt_out": "it is about no text of anybody's, so leave --opt-out out",
    "started_since": (
        "the number has said START since, so leave --opt-out out, "
        "or run 'responder subscribers remove' to opt it out as of now"
    ),
    "note_too_long": "{field}: {length} characters, at most {most} are kept: shorten it",
}

WHY_NOT_FOUND = {
    "overtaken": "it is not as If-Match or If-None-Match says: get it again",
    "no_such_key": "no {what} has the key {beginning!r}",
    "several_keys": "the keys of several {what}s begin with {beginning!r}: type more of it",
    "several_deliveries": "several deliveries have keys like {key!r}: type more of it",
    "no_such_delivery": "no delivery has the key {key!r}",
    "no_such_appointment_id": "no appointment has the id {id!r}",
    "no_such_handle": "nobody has this handle",
    "no_such_list": "no list is called {list!r}",
    "never_in_force": "no rules with this hash were ever in force here",
    "no_such_rule": "no rule has the name {rule!r}{meant}",
    "rule_not_paused": "no rule is paused that has the name {rule!r}",
    "place_unreadable": "after: nothing stands at this place, begin again without it",
    "day_unreadable": "day: {said}",
    "as_of_unreadable": "as_of: {said}",
    "number_unreadable": "{typed!r} is no telephone number: write it as +39 333 1234567, or as in the file's country",
    "time_unreadable": "{typed!r} is no time: write it as 2026-12-01T09:00",
    "one_of": "{field}: expected one of {words}",
}

WHY_NOT_AGAIN = {
    "of_delivery": "delivery {key}: {reason}",
    "text_gone": "its text is gone, since it was kept long enough or its number was erased",
    "delivery_is": "it is {status}, only dead, failed and uncertain ones are tried again",
    "message_is": "it is {status}, only failed and malformed ones are received again",
    "has_its_own": "it has its own {field}, leave {option} out",
    "came_without": "it came without {field}, give it with {option}",
    "of_appointment": "appointment {id}: {reason}",
    "no_reminders_in_file": "the rules file has no reminders",
    "all_reminded": "its reminders were sent already",
    "no_reminder_can_leave": "no reminder can leave, since {reason}",
    "changed_a_moment_ago": "the appointment or its reminder was changed a moment ago: look at it again",
}

WHY_NOT_ON_THE_LIST = {
    "never_on_list": (
        "{originator} was never on the list {list}, so nothing was recorded: check the number, "
        "or opt it out of everything with 'responder subscribers remove {originator}'"
    ),
    "has_left": (
        "{originator} has opted out, and only its own text brings it back: START, or the word of the list; "
        "if that was a slip of an operator or of a file, 'responder consent correct' takes it back"
    ),
    "unknown_list": "unknown list {list!r}{remedy}",
    "no_evidence": "evidence: nothing stands here, say where the consent comes from",
}

WHY_RULES_ARE_NOT_SAVED = {
    "file_too_large": "the file would be larger than {most} MB",
    "file_unreadable": "{file} cannot be read ({reason})",
    "file_not_text": "{file}: {reason}",
    "file_unwritable": "{file} cannot be written ({reason})",
    "file_mounted": "it is mounted by itself: mount its folder instead, so that it can be replaced as a whole",
    "rules_for_looking": "RESPONDER_CONSOLE_RULES=view: the rules are changed elsewhere, and only looked at here",
    "file_read_only": "{file} or its folder is read-only here",
    "draft_overtaken": "your draft was changed in another window meanwhile: what you typed here was not kept",
    "why_missing": "why: say in a few words why the rules change",
    "why_too_long": "why: at most {most} characters",
    "mistakes_before_impact": "there are mistakes: put them right, then its impact can be told",
    "warnings_unread": "there are warnings: read them, and tick that you save all the same",
    "nothing_to_save": "there is nothing to save: the text is the file as it stands",
    "old_rules_unreadable": "these rules cannot be read any more: a secret of then is not set, say",
    "pause_too_long": "for: a pause lasts at most {most} days; for good, write 'enabled: false'",
    "no_span_chosen": "hours: choose how long",
    "no_rule_chosen": "choose a rule",
    "no_impact_asked": "no impact was asked for",
    "draft_is_file": "the draft is the file as it stands",
    "too_much_at_once": "this is more than can be taken at once",
    "no_word_of_rule": "{word} cannot be a word of rule {rule!r}: {mistake}",
    "words_not_changed": "the words of rule {rule!r} are written in a way that only a person should change",
    "rule_gone": "there is no rule {rule!r} any more",
    "rule_elsewhere": "rule {rule!r} stands in {file}, which is not changed from here",
    "rule_asks_no_words": (
        "rule {rule!r} asks for no words (text, starts_with or contains): choose another, or write one"
    ),
    "lists_not_changed": "the lists are written in a way that only a person should change: add {entry}",
}

WHY_NOT_TRIED = {
    "test_needs_text": "a test needs a text",
    "asked_before": "this person was asked something before, which no test can be given: try an unknown number",
    "from_no_number": "from: this is no telephone number",
    "too_many_texts": "a conversation has at most {most} texts here, begin again",
    "tried_text_too_long": "text: at most {most} characters",
    "too_much_put_in": "at most {most} appointments and {most} lists can be put in",
    "list_not_there": "list: the rules have no list {list!r}",
    "talk_unreadable": "the conversation cannot be read, begin again",
    "type_a_text": "text: type what is texted",
    "at_before": "at: this is before the text above, begin again or write a later time",
    "booking_needs_time": "an appointment needs its day and time",
}

REFUSALS = {
    **WHY_NO_TEXT_GOES_OUT,
    **WHY_NOT_CLOSED,
    **WHY_NOT_FOUND,
    **WHY_NOT_AGAIN,
    **WHY_NOT_ON_THE_LIST,
    **WHY_RULES_ARE_NOT_SAVED,
    **WHY_NOT_TRIED,
}
