"""appointment: confirm, cancel or reschedule the open appointment of the originator.

then:
  - appointment: confirm
"""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.core.contact.effects import AppointmentStatus, ChangeAppointment, Effect, OpenHandOff
from responder.core.contact.reasons import because
from responder.core.recognition.answers import OUTCOMES
from responder.core.recognition.packs import Answer
from responder.core.rules.actions import Action, Context, action


@action("appointment")
@dataclass(frozen=True, kw_only=True)
class AppointmentAction(Action):
    change: Answer

    def effects(self, context: Context) -> Iterator[Effect]:
        appointment = context.situation.appointment
        if appointment is None:
            yield OpenHandOff(reason=because("not_one_appointment", change=str(self.change)))
            return
        # an outdated change is planned as if it were new, so that weighing it finds the newer word
        status = AppointmentStatus.SCHEDULED if context.situation.is_outdated else appointment.status
        outcome, is_chosen = OUTCOMES[status, self.change], context.situation.chosen is not None
        if outcome.status:
            yield ChangeAppointment(id=appointment.id, status=outcome.status, is_chosen=is_chosen)
        if outcome.hand_off:
            yield OpenHandOff(reason=outcome.hand_off)
